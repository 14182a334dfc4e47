import type { Removal } from './bus.ts'

interface Mark {
  readonly soft: boolean
}

/** Removals that a tier hasn't confirmed, as one batch to be replayed. */
export interface JournalPage {
  readonly all: boolean
  readonly keys: readonly string[]
  readonly softKeys: readonly string[]
  readonly tags: readonly string[]
  readonly softTags: readonly string[]
  /** Strikes out what was replayed; removals that came meanwhile stay. */
  confirm(): void
}

/**
 * Removals waiting for a tier to come back. One mark per name: a later removal replaces it, and what was hard stays hard.
 *
 * Bounded: past `limit` names it forgets them all and asks for the whole namespace to be cleared instead, which
 * removes too much, never too little.
 */
export class Journal {
  readonly #keys = new Map<string, Mark>()
  readonly #tags = new Map<string, Mark>()
  #all: Mark | undefined
  readonly #limit: number

  constructor(limit = 10_000) {
    this.#limit = limit
  }

  get size(): number {
    return this.#keys.size + this.#tags.size + (this.#all ? 1 : 0)
  }

  /** Must reads of this key leave the tier alone? */
  fences(key: string): boolean {
    return this.#all !== undefined || this.#keys.has(key)
  }

  fencesTag(tag: string): boolean {
    return this.#all !== undefined || this.#tags.has(tag)
  }

  add(removal: Removal): void {
    if (removal.kind === 'all') this.addAll()
    else if (removal.kind === 'keys') this.addKeys(removal.keys, removal.soft)
    else this.addTags(removal.tags, removal.soft)
  }

  addKeys(keys: readonly string[], soft: boolean): void {
    this.#add(this.#keys, keys, soft)
  }

  addTags(tags: readonly string[], soft: boolean): void {
    this.#add(this.#tags, tags, soft)
  }

  addAll(): void {
    this.#all = { soft: false }
    this.#keys.clear()
    this.#tags.clear()
  }

  page(): JournalPage {
    const all = this.#all
    const keys = new Map(this.#keys)
    const tags = new Map(this.#tags)
    const pick = (marks: Map<string, Mark>, soft: boolean) =>
      [...marks].filter(([, mark]) => mark.soft === soft).map(([name]) => name)
    return {
      all: all !== undefined,
      keys: pick(keys, false),
      softKeys: pick(keys, true),
      tags: pick(tags, false),
      softTags: pick(tags, true),
      confirm: () => {
        if (this.#all === all) this.#all = undefined
        for (const [name, mark] of keys) if (this.#keys.get(name) === mark) this.#keys.delete(name)
        for (const [name, mark] of tags) if (this.#tags.get(name) === mark) this.#tags.delete(name)
      },
    }
  }

  #add(marks: Map<string, Mark>, names: readonly string[], soft: boolean): void {
    if (this.#all !== undefined) {
      // A page being replayed mustn't strike out what came after it.
      this.#all = { soft: false }
      return
    }
    for (const name of names) marks.set(name, { soft: soft && marks.get(name)?.soft !== false })
    if (this.size > this.#limit) this.addAll()
  }
}
