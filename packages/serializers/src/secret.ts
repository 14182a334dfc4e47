import { CacheError } from '@tierstack/cache-core'
import type { MaybePromise } from '@tierstack/cache-core'
import { secretLength } from './xaes.ts'

/** A secret with its name. The name is written into every frame. */
export interface SecretKey {
  /** 1 to 128 characters, different for every secret: what a frame names to be opened. Not a secret. */
  readonly id: string
  /** 32 random bytes, or their base64 or base64url text. */
  readonly secret: Uint8Array | string
}

/** Where keys come from: fixed ones, a key service, or keys per tenant. `tenant` is empty for caches without tenants. */
export interface KeySource {
  /** The key to write with. Rejects when it can't be had. */
  current(tenant: string): MaybePromise<SecretKey>
  /** The key that a frame names; undefined when there is none of that id any more. Rejects when that isn't known. */
  byId(id: string, tenant: string): MaybePromise<SecretKey | undefined>
  /** Forgets what is remembered of the tenant's keys. */
  forget(tenant: string): void
}

/** The bytes of a secret. Throws without showing any of it. */
export function secretBytes(what: string, { id, secret }: SecretKey): Uint8Array {
  if (typeof id !== 'string' || id === '' || id.length > 128 || !id.isWellFormed()) {
    throw new CacheError(
      'INVALID_OPTION',
      `Expected \`${what}.id\` to be 1 to 128 characters, got ${typeof id === 'string' ? `${id.length}` : typeof id}`,
    )
  }
  const bytes = typeof secret === 'string' ? fromBase64(secret) : secret
  if (bytes instanceof Uint8Array && bytes.length === secretLength) return bytes
  const got =
    typeof secret === 'string' ? `text of ${secret.length} characters` : `${secret?.length ?? 'none'}`
  throw new CacheError(
    'INVALID_OPTION',
    `Expected \`${what}.secret\` of key \`${id}\` to be ${secretLength} bytes, or their base64 text, got ${got}`,
  )
}

function fromBase64(text: string): Uint8Array | undefined {
  return /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined
}
