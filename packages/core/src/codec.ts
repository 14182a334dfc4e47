/** Turns values into bytes and back, without loss. */
export interface Codec {
  /** 1–255, written into every frame; unique among the codecs of a fleet. 1–31 are taken by Tierstack's own. */
  readonly id: number
  readonly name: string
  /** Throws a `CacheError` with code `UNENCODABLE` that names the path of a value which would not come back the same. */
  encode(value: unknown): Uint8Array
  /**
   * As `encode`, into `bytes` from `at` on, which saves whoever puts more around it a copy. Returns where it ends: past
   * the end of `bytes` when they have too little room, whatever was written; undefined for a value that only `encode`
   * sees to. Throws nothing, and must not keep `bytes`' contents.
   */
  encodeInto?(value: unknown, bytes: Uint8Array, at: number): number | undefined
  /** Throws on bytes that it did not write. Must not execute or construct anything but plain data. */
  decode(bytes: Uint8Array): unknown
  /** As `decode`, of what stands from `start` on: saves whoever has more in one piece from making a view of the rest. */
  decodeFrom?(bytes: Uint8Array, start: number): unknown
}

/** A step on encoded bytes: compression, encryption. */
export interface Transform {
  /** 1–255, written into every frame it was applied to. 1–31 are taken by Tierstack's own. */
  readonly id: number
  readonly name: string
  /** Returns undefined when the step is not worth while for these bytes: the frame then does without it. */
  apply(bytes: Uint8Array, associated: Uint8Array): Uint8Array | undefined
  /** Throws when the bytes were tampered with, or would grow past `maxBytes`. */
  undo(bytes: Uint8Array, associated: Uint8Array, maxBytes: number): Uint8Array
}
