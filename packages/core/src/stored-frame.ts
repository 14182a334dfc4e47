/** A frame as a tier holds it. Opaque to the tier: the chain wrote header, codec and transforms. */
export interface StoredFrame {
  readonly bytes: Uint8Array
  /**
   * The larger bytes at whose end the frame stands, from `start` on, where a tier has it so: who reads it there needs no
   * view of it, which costs as much as to read its header.
   */
  readonly whole?: Uint8Array
  readonly start?: number
  /** Identity of this write: random, never reused; equal stamps mean equal bytes. */
  readonly stamp: string
  /** True after a soft removal: usable only within `swr` and `staleIfError`. */
  readonly soft: boolean
  /**
   * Until when somebody has the claim to replace it, ms since 1970 on the store's clock; 0 or undefined: nobody is known
   * to have it. A hint: clocks needn't agree.
   */
  readonly claimedUntil?: number
}

/** A frame to be stored. */
export interface FrameWrite {
  readonly key: string
  readonly bytes: Uint8Array
  /** Wall-clock instant (ms since 1970) after which the tier may forget the frame; `Infinity` for never. */
  readonly expiresAt: number
}

/** `fenced`: something happened to the key since the fence was given. `too-large`: over `maxValueBytes`. */
export type WriteOutcome = 'stored' | 'fenced' | 'too-large'
