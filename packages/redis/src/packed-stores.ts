import type { FrameWrite } from '@tierstack/cache-core'
import type { Buffer } from 'node:buffer'
import type { AnyCall } from './call.ts'
import type { Connection } from './connection.ts'
import { drawn, stampAt } from './packed-values.ts'
import { bytesOf } from './port.ts'
import type { SpareBuffers } from './spare-buffers.ts'
import { gather } from './spread.ts'
import type { Part } from './spread.ts'
import type { Held } from './tracking.ts'

/** A one, as text: the letter of an entry that was stored. */
export const storedLetter = 0x31

/** What storing entries takes. */
export interface EntryWriting {
  readonly connection: Connection
  readonly maxBytes: number
  /** Is told of values that were read, went to the store, or that this process claimed; undefined: nobody asks. */
  readonly holds: ((values: readonly Held[]) => void) | undefined
  readonly spare: SpareBuffers
}

/** How the entries of a part become one text for a script, and what its reply, a letter for each entry, says. */
export interface PackedStore<T, O> {
  readonly pack: (items: readonly T[], start: string, wall: number, spare: Buffer | undefined) => Buffer
  readonly call: (bucket: number, packed: Buffer) => AnyCall
  /** Of an entry's letter; undefined where nothing was stored of its part. */
  readonly outcome: (letter: number | undefined) => O
}

/** Stores what is small enough by `store`; the rest is too large. */
export async function storeFitting<T extends FrameWrite, O>(
  items: readonly T[],
  maxBytes: number,
  store: (items: readonly T[]) => Promise<readonly O[]>,
): Promise<readonly (O | 'too-large')[]> {
  const fits = ({ bytes }: FrameWrite) => bytes.length <= maxBytes
  if (items.every(fits)) return await store(items)
  const outcomes = await store(items.filter(fits))
  let at = 0
  return items.map((item) => (fits(item) ? (outcomes[at++] as O) : 'too-large'))
}

/** Sends the entries of each part to a script as one text, in memory that is used again. */
export async function storePacked<T extends FrameWrite, O>(
  { connection, holds, spare }: EntryWriting,
  parts: readonly Part<T>[],
  { pack, call, outcome }: PackedStore<T, O>,
): Promise<readonly O[]> {
  const starts = parts.map(() => drawn())
  const wall = connection.host.clock.wall()
  const packed = parts.map(({ items }, i) => pack(items, starts[i] as string, wall, spare.take()))
  const replies = await connection.ask(() => parts.map(({ bucket }, i) => call(bucket, packed[i] as Buffer)))
  spare.giveBack(packed)
  const letters = replies.map((reply) => bytesOf(reply))
  const count = parts.reduce((sum, { items }) => sum + items.length, 0)
  const outcomes = gather(parts, count, (_, partAt, itemAt) => outcome(letters[partAt]?.[itemAt]))
  holds?.(
    parts.flatMap(({ items, places }, partAt) =>
      items.flatMap(({ key }, i) =>
        outcomes[places[i] as number] === 'stored'
          ? [{ key, stamp: stampAt(starts[partAt] as string, i) }]
          : [],
      ),
    ),
  )
  return outcomes
}
