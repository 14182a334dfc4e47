import { createHash } from 'node:crypto'
import { slotOf } from './slot.ts'
import { token } from './token.ts'
import { unitAt } from './unit-at.ts'

/** Longer keys are hashed; the frame itself is bound to its whole key. */
export const longestKey = 512

const epochLength = 16
const markLength = 3

/** May the key stand in a name as it is? A character has one byte at least, so the cheap test comes first. */
function fits(key: string): boolean {
  return key.length <= longestKey && (key.length * 3 <= longestKey || Buffer.byteLength(key) <= longestKey)
}

function hashed(key: string): string {
  return `#${createHash('sha256').update(key).digest('hex')}`
}

/** What follows the stem in the name of an entry. */
export function restOf(key: string): string {
  return fits(key) ? `:${key}` : hashed(key)
}

/** The number of buckets that an epoch was made for, if it is one. */
export function bucketsOf(epoch: string): number {
  return epoch.length === epochLength ? Number.parseInt(epoch.slice(0, markLength), 36) : Number.NaN
}

/**
 * Names of everything that a namespace keeps in Redis.
 *
 * Standalone: `<prefix>:<namespace>:<epoch>:<key>`. Cluster: `<prefix>:{<namespace>:<bucket>}:<epoch>:<key>`; the
 * braces keep what one script touches in one slot. Neither prefix nor namespace can contain a colon or a brace, an
 * epoch has 16 characters and the names beside it fewer, so that no two names can be equal.
 */
export class Layout {
  readonly buckets: number
  /** What every epoch of this layout begins with: who divides keys otherwise must not take it for its own. */
  readonly #mark: string
  readonly #roots: readonly string[]
  readonly #slots: readonly number[]

  constructor(prefix: string, namespace: string, buckets: number | undefined) {
    this.buckets = buckets ?? 1
    this.#mark = this.buckets.toString(36).padStart(markLength, '0')
    const tags =
      buckets === undefined
        ? [namespace]
        : Array.from({ length: buckets }, (_, bucket) => `${namespace}:${bucket}`)
    this.#roots = tags.map((tag) => (buckets === undefined ? `${prefix}:${tag}` : `${prefix}:{${tag}}`))
    this.#slots = tags.map((tag) => (buckets === undefined ? 0 : slotOf(tag)))
  }

  /** An epoch that never was before. */
  newEpoch(): string {
    return this.#mark + token().slice(markLength)
  }

  /** Is it an epoch of processes that divide keys as we do? */
  owns(epoch: string): boolean {
    return epoch.length === epochLength && epoch.startsWith(this.#mark)
  }

  bucketOf(name: string): number {
    return this.buckets === 1 ? 0 : hash(name) % this.buckets
  }

  slotOf(bucket: number): number {
    return this.#slots[bucket] as number
  }

  /** Every slot in use, with a key in it. */
  get slots(): ReadonlyMap<number, string> {
    return new Map(this.#slots.map((slot, bucket) => [slot, this.epoch(bucket)]))
  }

  entry(bucket: number, epoch: string, key: string): string {
    return this.entries(bucket, epoch, [key])[0] as string
  }

  entries(bucket: number, epoch: string, keys: readonly string[]): string[] {
    const stem = this.stem(bucket, epoch)
    const before = `${stem}:`
    return keys.map((key) => (fits(key) ? before + key : stem + hashed(key)))
  }

  /** What the names of a bucket's entries begin with; `restOf` follows. */
  stem(bucket: number, epoch: string): string {
    return `${this.#root(bucket)}:${epoch}`
  }

  /** Number of the bucket's last message. */
  sequence(bucket: number): string {
    return `${this.#root(bucket)}:seq`
  }

  /** Channel of the bucket's removals. */
  channel(bucket: number): string {
    return `${this.#root(bucket)}:bus`
  }

  /** Channel on which one process hears its own heartbeat. */
  pulse(bucket: number, origin: string): string {
    return `${this.#root(bucket)}:bus:${origin}`
  }

  marker(tag: string): string {
    const root = this.#root(this.bucketOf(tag))
    if (Buffer.byteLength(tag) <= longestKey) return `${root}:t:${tag}`
    return `${root}:t#${createHash('sha256').update(tag).digest('hex')}`
  }

  /** The epoch, kept in every bucket so that each node can tell whether a key is of it. Bucket 0 has the last word. */
  epoch(bucket: number): string {
    return `${this.#root(bucket)}:epoch`
  }

  /** Run ids of the servers whose history the epoch belongs to. */
  get run(): string {
    return `${this.#root(0)}:run`
  }

  get tagClock(): string {
    return `${this.#root(0)}:tagclock`
  }

  #root(bucket: number): string {
    return this.#roots[bucket] as string
  }
}

/** FNV-1a over UTF-16 units. Decides where a key lives: every process of a fleet must agree on it. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ unitAt(text, i), 0x01000193)
  return h >>> 0
}
