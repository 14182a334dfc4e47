import assert from 'node:assert/strict'
import type { Fence, StoredFrame, TagState } from '@tierstack/cache-core'
import { text } from './rig.ts'

/** The same on both sides: of the tier that is tested, and of the model. */
export interface Pair<T> {
  readonly subject: T
  readonly model: T
}

/** What the tier and the model gave for a key. */
export interface OfKey extends Pair<string> {
  readonly key: string
}

/** Ids are random on both sides: what must agree is which of them are the same. */
class Bijection {
  readonly #toModel = new Map<string, string>()
  readonly #toSubject = new Map<string, string>()

  link(subject: string, model: string): void {
    if (!this.#toModel.has(subject)) this.#toModel.set(subject, model)
    if (!this.#toSubject.has(model)) this.#toSubject.set(model, subject)
    assert.equal(this.#toModel.get(subject), model, `the id ${subject} belongs to another write`)
    assert.equal(this.#toSubject.get(model), subject, `the id ${subject} should be one that was seen before`)
  }

  subjectOf(model: string): string | undefined {
    return this.#toSubject.get(model)
  }
}

/** Compares answers of the tier with the model's, and remembers the ids in them, to be used in later requests. */
export class Agreement {
  readonly #ids = new Bijection()
  readonly #fences: OfKey[] = []
  readonly stamps: OfKey[] = []
  readonly clocks: Pair<string>[] = []

  frame(key: string, got: StoredFrame | undefined, wanted: StoredFrame | undefined): void {
    assert.equal(got && text(got.bytes), wanted && text(wanted.bytes), `frame of ${key}`)
    if (!got || !wanted) return
    assert.equal(got.soft, wanted.soft, `soft mark of ${key}`)
    this.#ids.link(got.stamp, wanted.stamp)
    this.stamps.push({ key, subject: got.stamp, model: wanted.stamp })
  }

  tag(tag: string, got: TagState | undefined, wanted: TagState | undefined): void {
    this.id(got?.generation, wanted?.generation, `generation of tag ${tag}`)
    if (!got || !wanted) return
    const known = wanted.softened.map((generation) => this.#ids.subjectOf(generation) ?? generation)
    // Generations that no answer ever named can't be compared; the latest ones may be kept for longer or shorter.
    if (wanted.softened.length === 0) assert.deepEqual(got.softened, [], `softened generations of tag ${tag}`)
    else assert(got.softened.length > 0, `softened generations of tag ${tag}`)
    const latest = wanted.softened[0] as string
    if (this.#ids.subjectOf(latest))
      assert(got.softened.includes(known[0] as string), `softened of tag ${tag}`)
  }

  fence(key: string, got: Fence | undefined, wanted: Fence | undefined, what: string): void {
    assert.equal(
      got === undefined,
      wanted === undefined,
      `${what} of ${key}: got ${got}, the model ${wanted}`,
    )
    if (got !== undefined && wanted !== undefined) this.keepFence(key, got, wanted)
  }

  id(got: string | undefined, wanted: string | undefined, what: string): void {
    assert.equal(got === undefined, wanted === undefined, `${what}: got ${got}, the model ${wanted}`)
    if (got !== undefined && wanted !== undefined) this.#ids.link(got, wanted)
  }

  keepFence(key: string, subject: Fence, model: Fence): void {
    this.#fences.push({ key, subject, model })
  }

  /** All fences that were ever given for a key, the latest last. */
  fencesOf(key: string): readonly OfKey[] {
    return this.#fences.filter((fence) => fence.key === key)
  }
}
