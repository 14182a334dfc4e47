const most = 20_000

/** Keys that were built lately: finding one again costs a fifth of building it, and its hash is known. */
export class KeyMemo {
  readonly #build: (input: unknown) => string
  #keys = new Map<unknown, string>()

  constructor(build: (input: unknown) => string) {
    this.#build = build
  }

  /** The key of an input. Only primitives are remembered: objects may change. */
  of(input: unknown): string {
    const known = this.#keys.get(input)
    if (known !== undefined) return known
    const key = this.#build(input)
    if (typeof input === 'object' && input !== null) return key
    if (this.#keys.size >= most) this.#keys = new Map()
    this.#keys.set(input, key)
    return key
  }
}
