import type { EventMap, EventName } from '@tierstack/cache-core'
import type { Administered } from '../administered.ts'

/** Something that happened, or many of the same kind within a second. */
export interface Happening {
  /** Of its last change: grows with each happening and each change of one. */
  readonly id: number
  /** Stays the same when the happening changes. */
  readonly began: number
  /** Wall-clock instant, ms. */
  readonly at: number
  readonly kind: EventName | 'action'
  /** `bad`: something is out of order; `good`: it is in order again. */
  readonly mood: 'bad' | 'good' | 'plain'
  readonly tier?: string
  readonly text: string
  readonly count: number
}

type Told = Pick<Happening, 'kind' | 'mood' | 'text'> & { readonly tier?: string }

const most = 200
const longestText = 200
/** Events of one kind within this become one happening. */
const sameMs = 1_000

/** Removals and faults, the last 200, from the cache's own events. Never tells a key; tags only where `tags` allows it. */
export class Timeline {
  readonly #happenings = new Map<number, Happening>()
  readonly #lately = new Map<string, number>()
  readonly #tags: boolean
  readonly #now: () => number
  readonly #stops: readonly (() => void)[]
  #last = 0

  constructor(cache: Pick<Administered, 'on'>, o: { readonly tags: boolean; readonly now?: () => number }) {
    this.#tags = o.tags
    this.#now = o.now ?? Date.now
    this.#stops = [
      cache.on('invalidate', (event) =>
        this.note({ kind: 'invalidate', mood: 'plain', text: removalText(event, this.#tags) }, event.origin),
      ),
      cache.on('degraded', ({ tier, why, error }) =>
        this.note({
          kind: 'degraded',
          mood: 'bad',
          tier,
          text: `${tier} is out of use: ${why}, ${messageOf(error)}`,
        }),
      ),
      cache.on('recovered', ({ tier, downMs }) =>
        this.note({
          kind: 'recovered',
          mood: 'good',
          tier,
          text: `${tier} is back after ${(downMs / 1_000).toFixed(1)} s`,
        }),
      ),
      cache.on('bus:gap', ({ tier }) =>
        this.note({
          kind: 'bus:gap',
          mood: 'bad',
          tier,
          text: `${tier}: messages may have been lost, local entries are asked for again`,
        }),
      ),
      cache.on('load:error', ({ def, error, served }) =>
        this.note(
          {
            kind: 'load:error',
            mood: 'bad',
            text: `a load of ${def ?? 'a raw key'} failed (${served === 'stale' ? 'a stale value was served' : 'the reader got the error'}): ${messageOf(error)}`,
          },
          `${def} ${served}`,
        ),
      ),
      cache.on('poisoned', ({ tier, why, def }) =>
        this.note(
          {
            kind: 'poisoned',
            mood: 'bad',
            tier,
            text: `${tier} held a frame of ${def ?? 'a raw key'} that was not used: ${why}`,
          },
          `${tier} ${why}`,
        ),
      ),
      cache.on('warning', ({ tier, ...finding }) =>
        this.note(
          {
            kind: 'warning',
            mood: 'bad',
            tier,
            text: `${tier}: ${Object.values(finding).map(String).join(' ')}`,
          },
          tier,
        ),
      ),
    ]
  }

  /** Adds to what happened. What is `alike` within a second is counted, and its last text kept. */
  note(told: Told, alike = ''): void {
    const at = this.#now()
    const text = shortened(told.text)
    const subject = `${told.kind} ${told.tier ?? ''} ${alike}`
    const before = this.#happenings.get(this.#lately.get(subject) ?? -1)
    const id = ++this.#last
    if (before !== undefined && at - before.at < sameMs && at >= before.at) {
      const count = before.count + 1
      this.#happenings.set(before.began, { ...before, id, text, count })
      return
    }
    this.#happenings.set(id, { ...told, text, id, began: id, at, count: 1 })
    this.#lately.set(subject, id)
    for (const oldest of this.#happenings.keys()) {
      if (this.#happenings.size <= most) break
      this.#happenings.delete(oldest)
    }
    if (this.#lately.size > most) {
      for (const [name, began] of this.#lately) if (!this.#happenings.has(began)) this.#lately.delete(name)
    }
  }

  /** What happened or changed after that id, the oldest first. */
  since(id: number): readonly Happening[] {
    return [...this.#happenings.values()].filter((one) => one.id > id)
  }

  get last(): number {
    return this.#last
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }
}

const askers = {
  local: 'asked for here',
  bus: 'heard from another process',
  db: 'by the change feed',
} as const

function removalText(event: EventMap['invalidate'], showTags: boolean): string {
  return `${what(event, showTags)}, ${askers[event.origin]}`
}

function what(event: EventMap['invalidate'], showTags: boolean): string {
  const { keys, tags } = event
  if (keys > 0) return keys === 1 ? 'one key' : `${keys} keys`
  if (tags.length === 0) return event.removal().kind === 'all' ? 'everything' : 'nothing'
  const shown = tags.slice(0, 4).map((tag) => (tag.startsWith('!') ? partOf(tag) : tag))
  if (!showTags) return tags.length === 1 ? 'one tag' : `${tags.length} tags`
  return `${shown.join(', ')}${tags.length > shown.length ? ` and ${tags.length - shown.length} more` : ''}`
}

/** What the cache's own tags stand for. */
function partOf(tag: string): string {
  const name = tag.slice(2)
  if (tag.startsWith('!d')) return `the definition ${name}`
  return tag.startsWith('!n') ? `the namespace ${name}` : `raw keys below ${name}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function shortened(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText).toWellFormed()}…` : text
}
