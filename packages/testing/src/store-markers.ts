import type { TagState } from '@tierstack/cache-core'

interface Marker extends TagState {
  /** Tag clock of the invalidation that made the generation. */
  readonly bump: number
}

/** Earlier generations that a soft invalidation may leave usable. */
const mostSoftened = 4

/** The generations of a namespace's tags. */
export class StoreMarkers {
  readonly #markers = new Map<string, Marker>()
  readonly #id: () => string
  #tagClock = 0

  /** @param id Gives an id that was never given before. */
  constructor(id: () => string) {
    this.#id = id
  }

  /** A copy that shares nothing with this one. */
  copy(): StoreMarkers {
    const copy = new StoreMarkers(this.#id)
    copy.#tagClock = this.#tagClock
    for (const [tag, one] of this.#markers) copy.#markers.set(tag, one)
    return copy
  }

  delete(tag: string): boolean {
    return this.#markers.delete(tag)
  }

  clear(): void {
    this.#markers.clear()
  }

  /** Includes the epoch: after a flush the count starts again, and must not look familiar. */
  clock(epoch: string): string {
    return `${epoch} ${this.#tagClock}`
  }

  states(tags: readonly string[]): (TagState | undefined)[] {
    return tags.map((tag) => {
      const marker = this.#markers.get(tag)
      return marker && { generation: marker.generation, softened: marker.softened }
    })
  }

  stamp(tags: readonly string[], tagClock: string, epoch: string): (string | undefined)[] {
    const [epochThen, since] = tagClock.split(' ')
    return tags.map((tag) => {
      if (epochThen !== epoch) return undefined
      const marker = this.#markers.get(tag)
      if (marker) return marker.bump > Number(since) ? undefined : marker.generation
      // A missing marker may have been there, bumped, and evicted, unless nothing at all was invalidated.
      if (tagClock !== this.clock(epoch)) return undefined
      const made = { generation: this.#id(), softened: [], bump: this.#tagClock }
      this.#markers.set(tag, made)
      return made.generation
    })
  }

  invalidate(tags: readonly string[], soft: boolean): void {
    this.#tagClock++
    for (const tag of tags) {
      const old = this.#markers.get(tag)
      const softened = soft && old ? [old.generation, ...old.softened].slice(0, mostSoftened) : []
      this.#markers.set(tag, { generation: this.#id(), softened, bump: this.#tagClock })
    }
  }
}
