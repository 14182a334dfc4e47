import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { encrypt, keyRing, tenantKeys } from '@tierstack/cache-serializers'
import { redis } from '../src/index.ts'
import { wrappedKeysIn } from './wrapped-keys.ts'

/* One process of several that read what is sealed with keys per tenant, until it is told to end. */
const [url = '', keysUrl = ''] = process.argv.slice(2)
const { store, end } = wrappedKeysIn(keysUrl)
const master = keyRing([{ id: 'm', secret: new Uint8Array(32).fill(3) }])
const cache = createCache({
  namespace: 'sealed',
  tenant: true,
  ttl: { memory: 20, redis: '1m' },
  encryption: encrypt({ keys: tenantKeys({ master, store, freshFor: 50 }) }),
  tiers: [memory(), redis({ url })],
})
const row = cache.define({ name: 'row', sensitive: true, load: (id: number, { tenant }) => ({ id, tenant }) })
const poisoned: Record<string, number> = {}
cache.on('poisoned', ({ why }) => (poisoned[why] = (poisoned[why] ?? 0) + 1))
const wrong: string[] = []
let reads = 0
let over = false
let ready = false
const readers = Array.from({ length: 8 }, async (_, i) => {
  const tenant = i % 2 === 0 ? 'acme' : 'globex'
  while (!over) {
    const id = reads++ % 50
    try {
      const got = await cache.withTenant(tenant, () => row(id))
      if (got.id !== id || got.tenant !== tenant) wrong.push(`${tenant} ${id}: ${JSON.stringify(got)}`)
    } catch (error) {
      wrong.push(`${tenant} ${id}: ${String(error)}`)
    }
    if (!ready && reads > 100) {
      ready = true
      process.send?.('ready')
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
})
process.once('message', () => {
  over = true
  void Promise.all(readers).then(async () => {
    const hits = cache.stats().definitions['row']?.hits['redis'] ?? 0
    await cache.close()
    end()
    process.send?.({ reads, hits, wrong: wrong.slice(0, 5), poisoned })
    process.disconnect()
  })
})
