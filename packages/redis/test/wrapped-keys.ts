import type { DataKeyStore, WrappedKey } from '@tierstack/cache-serializers'
import { Redis } from 'ioredis'

/** Data keys of tenants in Redis, for tests of several processes: a list per tenant. */
export function wrappedKeysIn(url: string): { readonly store: DataKeyStore; readonly end: () => void } {
  const client = new Redis(url)
  const of = (tenant: string) => `keys:${tenant}`
  const list = async (tenant: string) =>
    (await client.lrange(of(tenant), 0, -1)).map((one) => JSON.parse(one) as WrappedKey)
  return {
    store: {
      list,
      put: async (tenant, key) => void (await client.rpush(of(tenant), JSON.stringify(key))),
      remove: async (tenant, id) => {
        const kept = id === undefined ? [] : (await list(tenant)).filter((key) => key.id !== id)
        await client.del(of(tenant))
        if (kept.length > 0) await client.rpush(of(tenant), ...kept.map((key) => JSON.stringify(key)))
      },
    },
    end: () => client.disconnect(),
  }
}
