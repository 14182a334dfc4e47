import { randomBytes } from 'node:crypto'
import { checkKeys, checkMethods, expectation } from '@tierstack/cache-core'
import type { MaybePromise } from '@tierstack/cache-core'
import { KeyMemory } from './key-memory.ts'
import { memoryKeys, ofTenant, resolveMemory } from './key-provider.ts'
import type { KeyMemorySettings } from './key-provider.ts'
import { secretBytes } from './secret.ts'
import type { KeySource, SecretKey } from './secret.ts'
import { secretLength, XaesKey } from './xaes.ts'

/** A tenant's data key, sealed with a master key. All of it is text; worthless without the master key. */
export interface WrappedKey {
  readonly id: string
  /** Id of the master key. */
  readonly masterId: string
  /** Base64. */
  readonly sealed: string
}

/** Where wrapped keys are kept: a table of your database, say. Losing one costs a cold cache for the tenant. */
export interface DataKeyStore {
  /** The tenant's keys, oldest first. */
  list(tenant: string): Promise<readonly WrappedKey[]>
  /** Adds a key, or replaces the one of the same id. */
  put(tenant: string, key: WrappedKey): Promise<void>
  /** Removes one key, or without `id` all of the tenant. */
  remove(tenant: string, id?: string): Promise<void>
}

export interface TenantKeysOptions extends KeyMemorySettings {
  /** Seals the data keys: a key ring, or a key service by `keyProvider`. */
  readonly master: KeySource
  readonly store: DataKeyStore
}

/** Envelope encryption: every tenant has data keys of its own. */
export interface TenantKeys extends KeySource {
  /** Makes a new data key for what is written from now on. */
  rotate(tenant: string): Promise<void>
  /** Destroys one data key of the tenant: what it sealed is unreadable. */
  retire(tenant: string, id: string): Promise<void>
  /**
   * Destroys all data keys of a tenant, and with them everything that any tier or backup holds of it. At once in this
   * process; in others by the removal that should follow, `cache.withTenant(tenant, () => cache.clear())`, or when
   * they ask for the key again.
   */
  shred(tenant: string): Promise<void>
  /** Seals the tenant's data keys anew, with the newest master key. */
  rewrap(tenant: string): Promise<void>
}

const encoder = new TextEncoder()

/** A namespace contains no blank: no frame is ever bound like this. */
const boundTo = (tenant: string, id: string): Uint8Array =>
  encoder.encode(`tierstack data key\0${tenant}\0${id}`)

class Envelope {
  readonly #master: KeySource
  readonly #store: DataKeyStore

  constructor(master: KeySource, store: DataKeyStore) {
    this.#master = master
    this.#store = store
  }

  async create(tenant: string): Promise<SecretKey> {
    const key = {
      id: randomBytes(12).toString('base64url'),
      secret: Uint8Array.from(randomBytes(secretLength)),
    }
    await this.#put(tenant, key)
    return key
  }

  async unwrap(tenant: string, wrapped: WrappedKey): Promise<SecretKey | undefined> {
    const master = await this.#master.byId(wrapped.masterId, '')
    if (master === undefined) return undefined
    const sealed = Buffer.from(wrapped.sealed, 'base64')
    const secret = sealing(master).open(sealed, boundTo(tenant, wrapped.id))
    return { id: wrapped.id, secret: Uint8Array.from(secret) }
  }

  async newest(tenant: string): Promise<SecretKey> {
    const newest = (await this.#store.list(tenant)).at(-1)
    return (newest && (await this.unwrap(tenant, newest))) ?? (await this.create(tenant))
  }

  async byId(id: string, tenant: string): Promise<SecretKey | undefined> {
    const wrapped = (await this.#store.list(tenant)).find((one) => one.id === id)
    return wrapped && (await this.unwrap(tenant, wrapped))
  }

  async rewrap(tenant: string): Promise<void> {
    for (const wrapped of await this.#store.list(tenant)) {
      const key = await this.unwrap(tenant, wrapped)
      if (key !== undefined) await this.#put(tenant, key)
    }
  }

  async #put(tenant: string, key: SecretKey): Promise<void> {
    const master = await this.#master.current('')
    const sealed = sealing(master).seal(key.secret as Uint8Array, boundTo(tenant, key.id))
    const text = Buffer.from(sealed).toString('base64')
    await this.#store.put(tenant, { id: key.id, masterId: master.id, sealed: text })
  }
}

function sealing(master: SecretKey): XaesKey {
  return new XaesKey(master.id, secretBytes('master', master))
}

/**
 * A data key per tenant, sealed with a master key and kept in a store of yours. Dropping a tenant's keys makes all
 * that was written for it unreadable (crypto-shredding), wherever copies of it are.
 */
export function tenantKeys(options: TenantKeysOptions): TenantKeys {
  checkKeys('tenantKeys options', options, ['master', 'store', ...memoryKeys])
  checkMethods('master', options.master, 'a source of keys', ['current', 'byId', 'forget'])
  checkMethods('store', options.store, 'a store of data keys', ['list', 'put', 'remove'])
  const { store } = options
  const memory = new KeyMemory(resolveMemory(options))
  const envelope = new Envelope(options.master, store)
  const forget = (tenant: string) => memory.forget((name) => name.startsWith(ofTenant(tenant)))
  const changing = async (tenant: string, change: () => MaybePromise<unknown>) => {
    // Before and after: what was asked for in between may still be the old state.
    forget(tenant)
    try {
      await change()
    } finally {
      forget(tenant)
    }
  }
  return Object.freeze({
    current: async (tenant: string) => {
      const key = await memory.of(`${ofTenant(tenant)}!`, () => envelope.newest(tenant), false)
      if (key === undefined) throw expectation('store', 'able to hold a data key', undefined)
      return key
    },
    byId: (id: string, tenant: string) =>
      memory.of(`${ofTenant(tenant)}=${id}`, () => envelope.byId(id, tenant), true),
    forget,
    rotate: (tenant: string) => changing(tenant, () => envelope.create(tenant)),
    retire: (tenant: string, id: string) => changing(tenant, () => store.remove(tenant, id)),
    shred: (tenant: string) => changing(tenant, () => store.remove(tenant)),
    rewrap: (tenant: string) => changing(tenant, () => envelope.rewrap(tenant)),
  })
}
