/**
 * Puts a keyed hash in place of what identifies: inputs of definitions, raw keys, tags. What stays readable is the name of
 * the namespace, the tenant, the definition and its version.
 */
export interface KeyHash {
  /**
   * Text of letters, digits, `-` and `_`: the same for the same text in every process of the namespace, and for no other
   * text. At least 128 bits of it, as two texts with one hash would share an entry.
   */
  hash(text: string): string
}

/** Where a chain keeps its hash; undefined: names are as they were given. */
export interface Hashing {
  readonly keyHash: KeyHash | undefined
}
