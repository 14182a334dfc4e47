import type { TagState } from '@tierstack/cache-core'
import type { ScriptCall } from './call.ts'
import type { Connection } from './connection.ts'
import { removalBodies } from './message.ts'
import { inside, textOf } from './port.ts'
import type { Reply } from './port.ts'
import { gather, spread } from './spread.ts'
import { token } from './token.ts'

/**
 * The verbs on tags. A marker holds a tag's generation and the number of the invalidation that made it; the numbers
 * come from one clock per namespace, which tells whether a tag was invalidated since a load began.
 *
 * In a Cluster the clock and a marker may live on two nodes, so that a verb takes several steps. Their order keeps
 * them safe: who invalidates moves the clock first, who stamps looks at it last.
 */
export class Tags {
  readonly #connection: Connection
  readonly #ttl: number

  constructor(connection: Connection, ttl: number) {
    this.#connection = connection
    this.#ttl = ttl
  }

  /** With the epoch: after a rotation the numbers of before mean nothing. Empty when the clock is missing. */
  clockText(reply: Reply | undefined): string {
    const number = textOf(reply)
    return number === undefined || number === '' ? '' : `${this.#connection.epoch} ${number}`
  }

  async tags(tags: readonly string[]): Promise<readonly (TagState | undefined)[]> {
    const parts = spread(this.#layout, tags, itself)
    const replies = await this.#connection.ask(() =>
      parts.map(({ bucket, items }): ScriptCall => ({
        bucket,
        script: 'tags',
        keys: items.map((tag) => this.#layout.marker(tag)),
        args: [this.#ttl],
      })),
    )
    return gather(parts, tags.length, (_, partAt, itemAt) => parseMarker(inside(replies[partAt], itemAt)))
  }

  async stampTags(tags: readonly string[], tagClock: string): Promise<readonly (string | undefined)[]> {
    const [epoch, since = ''] = tagClock.split(' ')
    const known = epoch === this.#connection.epoch && /^\d{1,16}$/.test(since)
    if (!this.#clustered) {
      const stamps = await this.#stamp(tags, known ? since : '-1', '')
      return known ? stamps.map((stamp) => stamp.slice(-16) || undefined) : tags.map(() => undefined)
    }
    const now = await this.#clock()
    if (!known) return tags.map(() => undefined)
    const stamps = await this.#stamp(tags, since, now)
    const created = stamps.some((stamp) => stamp.startsWith('+'))
    // The clock may have moved between the look at it and the making of a marker: then nobody knows for which tag.
    const moved = created && (await this.#clock()) !== since
    return stamps.map((stamp) =>
      stamp === '' || (moved && stamp.startsWith('+')) ? undefined : stamp.slice(-16),
    )
  }

  async invalidate(tags: readonly string[], soft: boolean): Promise<void> {
    const { origin, host } = this.#connection
    const trace = host.trace?.()
    let number = ''
    if (this.#clustered) {
      const [reply] = await this.#connection.ask(() => [
        { bucket: 0, script: 'tick', keys: [this.#layout.tagClock], args: [] },
      ])
      number = textOf(reply) ?? ''
    }
    await this.#connection.remove(() =>
      spread(this.#layout, tags, itself).map(({ bucket, items }): ScriptCall => ({
        bucket,
        script: 'invalidate',
        keys: [
          this.#layout.sequence(bucket),
          ...(number === '' ? [this.#layout.tagClock] : []),
          ...items.map((tag) => this.#layout.marker(tag)),
        ],
        args: [
          this.#layout.channel(bucket),
          this.#ttl,
          soft ? 1 : 0,
          number,
          ...items.map(() => token()),
          ...removalBodies(origin, { kind: 'tags', tags: items, soft }, trace),
        ],
      })),
    )
  }

  async #stamp(tags: readonly string[], since: string, now: string): Promise<string[]> {
    const parts = spread(this.#layout, tags, itself)
    const replies = await this.#connection.ask(() =>
      parts.map(({ bucket, items }): ScriptCall => ({
        bucket,
        script: 'stamp',
        keys: [
          ...(now === '' ? [this.#layout.tagClock] : []),
          ...items.map((tag) => this.#layout.marker(tag)),
        ],
        args: [since, this.#ttl, now, ...items.map(() => token())],
      })),
    )
    return gather(parts, tags.length, (_, partAt, itemAt) => textOf(inside(replies[partAt], itemAt)) ?? '')
  }

  async #clock(): Promise<string> {
    const [reply] = await this.#connection.ask(() => [
      { bucket: 0, script: 'clock', keys: [this.#layout.tagClock], args: [] },
    ])
    return textOf(reply) ?? ''
  }

  get #clustered(): boolean {
    return this.#connection.port.clustered
  }

  get #layout() {
    return this.#connection.layout
  }
}

function parseMarker(reply: Reply | undefined): TagState | undefined {
  const text = textOf(reply)
  if (text === undefined || text.length < 32 || text.length % 16 !== 0) return undefined
  const softened = Array.from({ length: text.length / 16 - 2 }, (_, i) =>
    text.slice(32 + 16 * i, 48 + 16 * i),
  )
  return { generation: text.slice(0, 16), softened }
}

function itself(tag: string): string {
  return tag
}
