import { checkKeys, checkMethods, checkName } from '@tierstack/cache-core'
import type { Encryption, MaybePromise, SealKey } from '@tierstack/cache-core'
import { secretBytes } from './secret.ts'
import type { KeySource, SecretKey } from './secret.ts'
import { XaesKey } from './xaes.ts'

export interface EncryptOptions {
  /** A `keyRing`, a `keyProvider`, or `tenantKeys`. */
  readonly keys: KeySource
  /** Name in events and errors. @default 'xaes-256-gcm' */
  readonly name?: string
}

function isPromise<T>(given: MaybePromise<T>): given is Promise<T> {
  return typeof (given as Partial<Promise<T>> | undefined)?.then === 'function'
}

/**
 * Authenticated encryption for the option `encryption` of a cache, by XAES-256-GCM (c2sp.org/XAES-256-GCM): nonces
 * of 192 random bits, of which a process keeps the first half for 65,536 values. So one key is safe for 2^48 values (a
 * million a second for nine years): until then the chance that a nonce ever repeated is below 2^-32, the bound of NIST
 * SP 800-38D. The argument is in `xaes.ts`.
 */
export function encrypt(options: EncryptOptions): Encryption {
  checkKeys('encrypt options', options, ['keys', 'name'])
  checkMethods('keys', options.keys, 'a source of keys', ['current', 'byId', 'forget'])
  const { keys, name = 'xaes-256-gcm' } = options
  checkName('name', name)
  const ready = new WeakMap<SecretKey, XaesKey>()
  const sealing = (key: SecretKey): SealKey => {
    const known = ready.get(key)
    if (known !== undefined) return known
    const made = new XaesKey(key.id, secretBytes('keys', key))
    ready.set(key, made)
    return made
  }
  const perhaps = (key: SecretKey | undefined) => key && sealing(key)
  return Object.freeze({
    name,
    current: (tenant: string) => {
      const key = keys.current(tenant)
      return isPromise(key) ? key.then(sealing) : sealing(key)
    },
    byId: (id: string, tenant: string) => {
      const key = keys.byId(id, tenant)
      return isPromise(key) ? key.then(perhaps) : perhaps(key)
    },
    forget: (tenant: string) => keys.forget(tenant),
  })
}
