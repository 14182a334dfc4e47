import type { Fence, LeaseRead, StoredFrame } from '@tierstack/cache-core'
import type { Call, ScriptCall } from './call.ts'
import type { Connection } from './connection.ts'
import { refusesWrites } from './error-reply.ts'
import { bytesOf, inside } from './port.ts'
import type { Reply } from './port.ts'
import { gather, spread } from './spread.ts'
import { leaseFence, parseStored } from './stored.ts'
import { token } from './token.ts'
import type { Held } from './tracking.ts'

const busy: LeaseRead = { state: 'busy' }
const blocked: LeaseRead = { state: 'blocked' }

/** Reading entries, with and without leaving a lease. Each is one round trip per node. */
export class EntryReads {
  readonly #connection: Connection
  readonly #holds: ((values: readonly Held[]) => void) | undefined

  /** @param holds Is told of values that were read; undefined: nobody asks. */
  constructor(connection: Connection, holds: ((values: readonly Held[]) => void) | undefined) {
    this.#connection = connection
    this.#holds = holds
  }

  async read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]> {
    const parts = spread(this.#layout, keys, itself)
    const replies = await this.#connection.ask(() =>
      parts.map(({ bucket, items }) => ({
        bucket,
        guarded: true,
        words: ['MGET', ...this.#connection.namesOf(bucket, items)],
      })),
    )
    const frames = gather(parts, keys.length, (_, partAt, itemAt) => {
      const stored = parseStored(bytesOf(inside(replies[partAt], itemAt)))
      return stored.kind === 'value' ? stored.frame : undefined
    })
    this.#holds?.(frames.flatMap((frame, i) => heldBy(keys[i], frame)))
    return frames
  }

  /** `before` is asked in the same write as the leases, ahead of them. */
  async lease(
    keys: readonly string[],
    holdMs: number,
    before: readonly Call[],
  ): Promise<{ reads: LeaseRead[]; replies: readonly Reply[] }> {
    const [only] = keys
    const native = keys.length === 1 && only !== undefined && this.#connection.version >= 7
    const answer = await (native
      ? this.#leaseOne(only, holdMs, before)
      : this.#leaseEach(keys, holdMs, before))
    this.#holds?.(
      answer.reads.flatMap((read, i) => heldBy(keys[i], read.state === 'hit' ? read.frame : undefined)),
    )
    return answer
  }

  /** The same in one native command, at the price of a GET. */
  async #leaseOne(
    key: string,
    holdMs: number,
    before: readonly Call[],
  ): Promise<{ reads: LeaseRead[]; replies: readonly Reply[] }> {
    const bucket = this.#layout.bucketOf(key)
    const fence = leaseFence(token())
    const replies = await this.#connection.attempt(() => [
      ...before,
      {
        bucket,
        guarded: true,
        words: [
          'SET',
          ...this.#connection.namesOf(bucket, [key]),
          fence,
          'NX',
          'GET',
          'PX',
          Math.ceil(holdMs),
        ],
      },
    ])
    let reply = replies[before.length] as Reply
    const asked = replies.slice(0, before.length)
    for (const one of asked) if (one instanceof Error) throw one
    if (refusesWrites(reply)) {
      const [kept] = await this.#connection.attempt(() => [
        { bucket, guarded: true, words: ['GET', ...this.#connection.namesOf(bucket, [key])] },
      ])
      // Nothing there, and no lease to be had: the caller loads, and can't store.
      if (kept === null || kept instanceof Error) return { reads: [blocked], replies: asked }
      reply = kept as Reply
    } else if (reply === null) {
      return { reads: [{ state: 'leased', fence }], replies: asked }
    }
    if (reply instanceof Error && !reply.message.startsWith('WRONGTYPE')) throw reply
    const stored = parseStored(reply instanceof Error ? undefined : bytesOf(reply))
    if (stored.kind === 'value') return { reads: [{ state: 'hit', frame: stored.frame }], replies: asked }
    if (stored.kind === 'intents') return { reads: [blocked], replies: asked }
    // Somebody else's lease, to be marked as waited for; or what isn't ours, to be replaced.
    const { reads } = await this.#leaseEach([key], holdMs, [])
    return { reads, replies: asked }
  }

  async #leaseEach(
    keys: readonly string[],
    holdMs: number,
    before: readonly Call[],
  ): Promise<{ reads: LeaseRead[]; replies: readonly Reply[] }> {
    const fences = keys.map(() => leaseFence(token()))
    const parts = spread(this.#layout, keys, itself)
    const replies = await this.#connection.ask(() => [
      ...before,
      ...parts.map(({ bucket, items, places }): ScriptCall => {
        const tokens = places.map((place) => (fences[place] as Fence).slice(1))
        return {
          bucket,
          script: 'lease',
          keys: this.#connection.namesOf(bucket, items),
          args: [Math.ceil(holdMs), ...tokens],
        }
      }),
    ])
    const reads = gather(parts, keys.length, (part, partAt, itemAt): LeaseRead => {
      const reply = bytesOf(inside(replies[before.length + partAt], itemAt))
      if (reply?.length === 1) {
        return reply[0] === 0x2b
          ? { state: 'leased', fence: fences[part.places[itemAt] as number] as Fence }
          : blocked
      }
      const stored = parseStored(reply)
      if (stored.kind === 'value') return { state: 'hit', frame: stored.frame }
      return stored.kind === 'lease' ? busy : blocked
    })
    return { reads, replies: replies.slice(0, before.length) }
  }

  get #layout() {
    return this.#connection.layout
  }
}

function heldBy(key: string | undefined, frame: StoredFrame | undefined): Held[] {
  return key === undefined || frame === undefined ? [] : [{ key, stamp: frame.stamp }]
}

function itself(key: string): string {
  return key
}
