import type { Clock, Fence, FrameWrite, WriteOutcome } from '@tierstack/cache-core'
import type { ScriptCall } from './call.ts'
import type { Connection } from './connection.ts'
import { filledHead, nameInBody, removalBodies } from './message.ts'
import { inside } from './port.ts'
import type { Reply, Word } from './port.ts'
import { storedLetter, storeFitting, storePacked } from './packed-stores.ts'
import type { EntryWriting } from './packed-stores.ts'
import { packFills } from './packed-values.ts'
import type { FencedWrite } from './packed-values.ts'
import { gather, lighter, spread } from './spread.ts'
import type { Part } from './spread.ts'
import { claimFence, encodeValue, leaseFence, lifeUntil, stampOf } from './stored.ts'
import { token, tokenOf } from './token.ts'
import type { Held } from './tracking.ts'

interface Fenced {
  readonly key: string
  readonly fence: Fence
}

/** Storing and removing entries. Each verb is one round trip per node. */
export class EntryWrites {
  readonly #connection: Connection
  readonly #writing: EntryWriting
  readonly #clock: Clock

  constructor(writing: EntryWriting) {
    this.#writing = writing
    this.#connection = writing.connection
    this.#clock = writing.connection.host.clock
  }

  async write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]> {
    const fitting = items.filter(({ bytes }) => bytes.length <= this.#writing.maxBytes)
    await this.#connection.ask(() =>
      fitting.map(({ key, bytes, expiresAt }) => {
        const bucket = this.#layout.bucketOf(key)
        const life = this.#life(expiresAt)
        const words: Word[] = ['SET', ...this.#connection.namesOf(bucket, [key]), encodeValue(token(), bytes)]
        return { bucket, guarded: true, words: life === 0 ? words : [...words, 'PX', life] }
      }),
    )
    return items.map(({ bytes }) => (bytes.length <= this.#writing.maxBytes ? 'stored' : 'too-large'))
  }

  async claim(
    items: readonly { readonly key: string; readonly stamp: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]> {
    const tokens = items.map(() => token())
    const { parts, replies } = await this.#ask(items, keyOf, (part) => ({
      script: 'claim',
      args: [
        Math.ceil(holdMs),
        ...part.items.flatMap(({ stamp }, i) => [stamp, tokens[part.places[i] as number] as string]),
      ],
    }))
    const fences = gather(parts, items.length, ({ items: inPart, places }, partAt, itemAt) => {
      const { stamp } = inPart[itemAt] as { stamp: string }
      const given = inside(replies[partAt], itemAt) === 1
      return given ? claimFence(stamp, tokens[places[itemAt] as number] as string) : undefined
    })
    this.#writing.holds?.(items.filter((_, i) => fences[i] !== undefined))
    return fences
  }

  async take(keys: readonly string[], holdMs: number): Promise<readonly (Fence | undefined)[]> {
    const fences = keys.map(() => leaseFence(token()))
    const { parts, replies } = await this.#removal('take', keys, false, ({ places }) => [
      Math.ceil(holdMs),
      ...places.map((place) => (fences[place] as Fence).slice(1)),
    ])
    return gather(parts, keys.length, ({ places }, partAt, itemAt) =>
      inside(replies[partAt], itemAt) === 1 ? fences[places[itemAt] as number] : undefined,
    )
  }

  fill(items: readonly FencedWrite[]): Promise<readonly WriteOutcome[]> {
    return storeFitting(items, this.#writing.maxBytes, (fitting) => {
      const parts = lighter(spread(this.#layout, fitting, keyOf), ({ bytes }) => bytes.length)
      return storePacked<FencedWrite, WriteOutcome>(this.#writing, parts, {
        pack: packFills,
        call: (bucket, packed) => ({
          bucket,
          script: 'fill',
          keys: [this.#layout.stem(bucket, this.#connection.epoch)],
          args: [this.#layout.channel(bucket), filledHead(this.#connection.origin), packed],
        }),
        outcome: (letter) => (letter === storedLetter ? 'stored' : 'fenced'),
      })
    })
  }

  async renew(items: readonly Fenced[], holdMs: number): Promise<void> {
    await this.#ask(items, keyOf, (part) => ({
      script: 'renew',
      args: [Math.ceil(holdMs), ...part.items.map(({ fence }) => fence)],
    }))
    this.#writing.holds?.(items.flatMap(heldUnder))
  }

  async release(items: readonly Fenced[]): Promise<void> {
    const { origin } = this.#connection
    await this.#ask(items, keyOf, (part) => ({
      script: 'release',
      args: [
        this.#layout.channel(part.bucket),
        filledHead(origin),
        ...part.items.flatMap(({ key, fence }): Word[] => [fence, nameInBody(key)]),
      ],
    }))
    this.#writing.holds?.(items.flatMap(heldUnder))
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#removal('delete', keys, false, () => [])
  }

  async expire(keys: readonly string[]): Promise<void> {
    await this.#removal('expire', keys, true, () => [])
  }

  async begin(keys: readonly string[], intent: string, holdMs: number): Promise<void> {
    await this.#removal('begin', keys, false, () => [tokenOf(intent), Math.ceil(holdMs)])
  }

  async end(keys: readonly string[], intent: string): Promise<void> {
    await this.#removal('end', keys, false, () => [tokenOf(intent)])
  }

  async conclude(
    items: readonly { readonly key: string; readonly intent: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]> {
    const fences = items.map(() => leaseFence(token()))
    const keys = items.map(({ key }) => key)
    const { parts, replies } = await this.#removal('conclude', keys, false, ({ places }) => [
      Math.ceil(holdMs),
      ...places.flatMap((place) => [
        tokenOf((items[place] as { intent: string }).intent),
        (fences[place] as Fence).slice(1),
      ]),
    ])
    return gather(parts, keys.length, ({ places }, partAt, itemAt) =>
      inside(replies[partAt], itemAt) === 1 ? fences[places[itemAt] as number] : undefined,
    )
  }

  async #removal(
    script: 'delete' | 'expire' | 'take' | 'begin' | 'end' | 'conclude',
    keys: readonly string[],
    soft: boolean,
    argsFor: (part: Part<string>) => readonly Word[],
  ): Promise<{ parts: readonly Part<string>[]; replies: readonly Reply[] }> {
    const { origin, host } = this.#connection
    const trace = host.trace?.()
    const parts = spread(this.#layout, keys, itself)
    const replies = await this.#connection.remove(() =>
      parts.map((part): ScriptCall => {
        const { bucket, items } = part
        const bodies = removalBodies(origin, { kind: 'keys', keys: items, soft }, trace)
        return {
          bucket,
          script,
          keys: [this.#layout.sequence(bucket), ...this.#connection.namesOf(bucket, items)],
          args: [this.#layout.channel(bucket), ...argsFor(part), ...bodies],
        }
      }),
    )
    return { parts, replies }
  }

  async #ask<T>(
    items: readonly T[],
    nameOf: (item: T) => string,
    callFor: (part: Part<T>) => Pick<ScriptCall, 'script' | 'args'>,
  ): Promise<{ parts: readonly Part<T>[]; replies: readonly Reply[] }> {
    const parts = spread(this.#layout, items, nameOf)
    const replies = await this.#connection.ask(() =>
      parts.map((part) => ({
        bucket: part.bucket,
        keys: this.#connection.namesOf(part.bucket, part.items.map(nameOf)),
        ...callFor(part),
      })),
    )
    return { parts, replies }
  }

  get #layout() {
    return this.#connection.layout
  }

  /** Milliseconds that a frame has left, 0 for no end. The server counts by itself: clocks needn't agree. */
  #life(expiresAt: number): number {
    return lifeUntil(expiresAt, this.#clock.wall())
  }
}

/** The value that a claim stands on: what changes its own value is told of no more. */
function heldUnder({ key, fence }: Fenced): Held[] {
  const stamp = stampOf(fence)
  return stamp === undefined ? [] : [{ key, stamp }]
}

function itself(key: string): string {
  return key
}

function keyOf(item: { readonly key: string }): string {
  return item.key
}
