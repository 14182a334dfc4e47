import { hashOf, seedOf } from './hash.ts'

/** What keys begin with. Entries hold theirs: one prefix, one object. */
export class Prefix {
  readonly text: string
  /**
   * Slots of texts found lately. Hashing a text costs more than a look into a Map, which keeps the hash in the text
   * itself; but a Map for all entries would take a third of the memory that everything here takes together.
   */
  memo: Map<unknown, number> = new Map()
  readonly #seed: number

  constructor(text: string) {
    this.text = text
    this.#seed = seedOf(text)
  }

  /** Hash of the key that this and an input make. */
  hash(input: unknown): number {
    return hashOf(input, this.#seed)
  }

  /** Only texts are remembered. */
  forgetOne(input: unknown): void {
    if (typeof input === 'string' && this.memo.size > 0) this.memo.delete(input)
  }

  forget(): void {
    this.memo = new Map()
  }
}

/** The prefixes in use. One that no entry and no definition holds is forgotten: namespaces come and go. */
export class Prefixes {
  readonly #byText = new Map<string, WeakRef<Prefix>>()
  readonly #gone = new FinalizationRegistry<string>((text) => {
    // Another may have taken its place meanwhile.
    if (this.#byText.get(text)?.deref() === undefined) this.#byText.delete(text)
  })

  /** Most keys have the same as the one before. In the beginning one that no key has. */
  last: Prefix = new Prefix('')

  /** Undefined when nobody holds it: then it has no entries either. */
  find(text: string): Prefix | undefined {
    if (this.last.text === text) return this.last
    const prefix = this.#byText.get(text)?.deref()
    this.last = prefix ?? this.last
    return prefix
  }

  at(text: string): Prefix {
    const known = this.find(text)
    if (known !== undefined) return known
    const prefix = new Prefix(text)
    this.#byText.set(text, new WeakRef(prefix))
    this.#gone.register(prefix, text)
    this.last = prefix
    return prefix
  }
}
