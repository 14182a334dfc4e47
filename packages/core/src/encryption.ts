import type { MaybePromise } from './maybe-promise.ts'

/** One key of an encryption, ready for use. */
export interface SealKey {
  /** At most 255 bytes of text, written into the header of every frame that the key sealed. Not a secret. */
  readonly id: string
  /**
   * Encrypts, and binds `bound`, which is another's after the call: opening with anything else fails. What it returns
   * carries all that `open` needs.
   */
  seal(bytes: Uint8Array, bound: Uint8Array): Uint8Array
  /** Throws for bytes that this key did not seal with the same `bound`. */
  open(sealed: Uint8Array, bound: Uint8Array): Uint8Array
}

/**
 * Authenticated encryption of what remote tiers hold. A seal binds the value to its namespace, its key (tenant,
 * definition and version included) and the whole header of its frame.
 */
export interface Encryption {
  readonly name: string
  /** The key for what is written now. Rejects when there is none just now: the value then stays out of remote tiers. */
  current(tenant: string): MaybePromise<SealKey>
  /** The key of a frame, undefined when it was retired, destroyed or never existed: the frame is then a miss. */
  byId(id: string, tenant: string): MaybePromise<SealKey | undefined>
  /** Forgets what it remembers of a tenant's keys: they may have been destroyed. */
  forget(tenant: string): void
}
