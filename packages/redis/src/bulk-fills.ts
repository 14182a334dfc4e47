import type { BulkOutcome, Fence, FrameWrite, Surveyed } from '@tierstack/cache-core'
import type { AnyCall } from './call.ts'
import type { Connection } from './connection.ts'
import type { Layout } from './layout.ts'
import { bytesOf, inside, textOf } from './port.ts'
import type { Reply } from './port.ts'
import { gather, spread } from './spread.ts'
import type { Part } from './spread.ts'
import { packNames } from './packed-names.ts'
import { storedLetter, storeFitting, storePacked } from './packed-stores.ts'
import type { EntryWriting } from './packed-stores.ts'
import { packEntries } from './packed-values.ts'
import { parseStored } from './stored.ts'

/*
 * Many entries under one fence: the numbers of the last messages of their buckets. Whatever removes something from a
 * bucket sends a message in the same script, so that an unchanged number proves that nothing was removed; and what is
 * stored only where nothing is can't replace what others stored. Neither needs a lease.
 */

const absent: Surveyed = { state: 'absent' }
const busy: Surveyed = { state: 'busy' }

export class BulkFills {
  readonly #connection: Connection
  readonly #writing: EntryWriting

  constructor(writing: EntryWriting) {
    this.#writing = writing
    this.#connection = writing.connection
  }

  /** What the keys hold, under one fence. `clock` is the reply for the tag clock, taken before any of the looks. */
  async survey(
    keys: readonly string[],
    goodFor?: number,
  ): Promise<{ reads: readonly Surveyed[]; fence: Fence; clock: Reply | undefined }> {
    const { layout } = this.#connection
    const parts = keys.length === 0 ? everyBucket(layout) : spread(layout, keys, itself)
    const packed = parts.map(({ items }) => packNames(items))
    // In a Cluster the clock may be on another node than the entries: then it is asked ahead of them.
    const apart = layout.buckets > 1
    const replies = await this.#connection.ask(() => {
      const calls = parts.map(({ bucket }, i): AnyCall => {
        const clocks = !apart && i === 0 ? [layout.tagClock] : []
        const keys = [...this.#shared(bucket), ...clocks]
        return { bucket, script: 'survey', keys, args: [packed[i] as Buffer, goodFor ?? ''] }
      })
      return apart ? [{ bucket: 0, words: ['GET', layout.tagClock] }, ...calls] : calls
    })
    const answers = apart ? replies.slice(1) : replies
    const numbers = new Map<number, string>()
    for (const [i, { bucket }] of parts.entries()) {
      // Of several parts in a bucket, the earliest number: it stands for the looks of all.
      if (numbers.has(bucket)) continue
      const number = textOf(inside(answers[i], 1)) ?? ''
      const until = goodFor === undefined ? '' : (textOf(inside(answers[i], 2)) ?? '0')
      numbers.set(bucket, `${number}:${until}`)
    }
    const reads = gather(parts, keys.length, (_, partAt, itemAt): Surveyed => {
      const stored = parseStored(bytesOf(inside(answers[partAt], itemAt + 3)))
      if (stored.kind === 'nothing') return absent
      return stored.kind === 'value' ? { state: 'hit', frame: stored.frame } : busy
    })
    this.#writing.holds?.(
      reads.flatMap((read, i) =>
        read.state === 'hit' ? [{ key: keys[i] as string, stamp: read.frame.stamp }] : [],
      ),
    )
    return {
      reads,
      fence: fenceOf(this.#connection.epoch, numbers),
      clock: apart ? replies[0] : inside(answers[0], 0),
    }
  }

  /** Stores where nothing is, in the buckets from which nothing was removed since the fence was taken. */
  fillAbsent(items: readonly FrameWrite[], fence: Fence): Promise<readonly BulkOutcome[]> {
    return storeFitting(items, this.#writing.maxBytes, (fitting) => {
      const { layout } = this.#connection
      return storePacked<FrameWrite, BulkOutcome>(this.#writing, spread(layout, fitting, keyOf), {
        pack: packEntries,
        call: (bucket, packed) => ({
          bucket,
          script: 'fillAbsent',
          keys: this.#shared(bucket),
          args: [...numberIn(fence, this.#connection.epoch, bucket), packed],
        }),
        outcome: (letter) =>
          letter === undefined ? 'fenced' : letter === storedLetter ? 'stored' : 'present',
      })
    })
  }

  /** Keys that every script takes: the sequence of a bucket, and what the names of its entries begin with, in the epoch of today. */
  #shared(bucket: number): string[] {
    const { layout, epoch } = this.#connection
    return [layout.sequence(bucket), layout.stem(bucket, epoch)]
  }
}

function everyBucket({ buckets }: Layout): Part<string>[] {
  return Array.from({ length: buckets }, (_, bucket) => ({ bucket, items: [], places: [] }))
}

/** Of one epoch: `epoch bucket:number:until bucket:number:until ...`; until: an instant of the server, or nothing. */
function fenceOf(epoch: string, numbers: ReadonlyMap<number, string>): Fence {
  return [epoch, ...[...numbers].map(([bucket, number]) => `${bucket}:${number}`)].join(' ')
}

/** What no sequence is, where the fence has none or is of another epoch. */
const never = '-'

/** The number of a bucket, and until when it is good. */
function numberIn(fence: Fence, epoch: string, bucket: number): readonly [string, string] {
  const [own, ...numbers] = fence.split(' ')
  const found = own === epoch ? numbers.find((one) => one.startsWith(`${bucket}:`)) : undefined
  const [, number, until = ''] = found?.split(':') ?? []
  return [number || never, until]
}

function itself(key: string): string {
  return key
}

function keyOf(item: { readonly key: string }): string {
  return item.key
}
