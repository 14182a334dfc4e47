import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { TagState } from '@tierstack/cache-core'
import type { NamespaceState } from './namespace.ts'
import { randomToken } from './random-token.ts'

interface Row {
  readonly generation: string
  readonly softened: string
  readonly bumped: number
}

/** Older soft generations than these count as hard: the row must stay small. */
const softenedKept = 4

/** The instant of a namespace at which a load began, as the chain carries it. */
export function tagClockText({ epoch, tagClock }: NamespaceState): string {
  return `${epoch}.${tagClock}`
}

/** The generations of the tags of one epoch. A tag without a row has none, and entries that carry it are invalid. */
export class Tags {
  readonly #ttl: number
  readonly #row: StatementSync
  readonly #put: StatementSync
  readonly #touch: StatementSync

  constructor(database: DatabaseSync, ttl: number) {
    this.#ttl = Math.min(ttl, Number.MAX_SAFE_INTEGER / 2)
    this.#row = database.prepare(
      'SELECT generation, softened, bumped FROM tags WHERE epoch = ? AND tag = ? AND until > ?',
    )
    this.#put = database.prepare('REPLACE INTO tags VALUES (?, ?, ?, ?, ?, ?)')
    this.#touch = database.prepare('UPDATE tags SET until = ? WHERE epoch = ? AND tag = ?')
  }

  state(epoch: number, tag: string, now: number): TagState | undefined {
    const row = this.#find(epoch, tag, now)
    return row && { generation: row.generation, softened: row.softened.split(' ').filter(Boolean) }
  }

  /** The generation for an entry whose load began at `tagClock`; undefined if the tag may have been invalidated since. */
  stamp(current: NamespaceState, tag: string, tagClock: string, now: number): string | undefined {
    const [epoch, began] = tagClock.split('.')
    if (tagClock === '' || Number(epoch) !== current.epoch) return undefined
    const row = this.#find(current.epoch, tag, now)
    if (row !== undefined) {
      if (row.bumped > Number(began)) return undefined
      this.#touch.run(this.#until(now), current.epoch, Buffer.from(tag))
      return row.generation
    }
    // The row may have been evicted after an invalidation: only an unmoved clock proves that there was none.
    if (Number(began) !== current.tagClock) return undefined
    return this.#renew(current, tag, '', now)
  }

  /** Gives the tag a new generation; `current` already counts this invalidation. */
  invalidate(current: NamespaceState, tag: string, soft: boolean, now: number): void {
    const row = soft ? this.#find(current.epoch, tag, now) : undefined
    const softened = row ? [row.generation, ...row.softened.split(' ')].slice(0, softenedKept).join(' ') : ''
    this.#renew(current, tag, softened.trimEnd(), now)
  }

  #renew({ epoch, tagClock }: NamespaceState, tag: string, softened: string, now: number): string {
    const generation = randomToken()
    this.#put.run(epoch, Buffer.from(tag), generation, softened, tagClock, this.#until(now))
    return generation
  }

  #find(epoch: number, tag: string, now: number): Row | undefined {
    return this.#row.get(epoch, Buffer.from(tag), now) as unknown as Row | undefined
  }

  #until(now: number): number {
    return now + this.#ttl
  }
}
