import type { Fence, FrameWrite } from '@tierstack/cache-core'
import type { Buffer } from 'node:buffer'
import { roomFor } from './packed-names.ts'
import { Packing, roomForFence, roomForRest, roomToTell } from './packing.ts'
import { lifeUntil } from './stored.ts'
import { token } from './token.ts'

const placeDigits = 3

/** What the stamps of up to a thousand values begin with: one random text serves all, and its place makes each its own. */
export function drawn(): string {
  return token().slice(0, -placeDigits)
}

export function stampAt(start: string, place: number): string {
  return start + String(place).padStart(placeDigits, '0')
}

/**
 * Entries as `fillAbsent` takes them: each with its name, its life and its value. Lives are text, as the server wants
 * them: a number would be made into one there, entry by entry.
 */
export function packEntries(
  items: readonly FrameWrite[],
  start: string,
  wall: number,
  spare?: Buffer,
): Buffer {
  let size = roomForRest * items.length
  for (let i = 0; i < items.length; i++) {
    const { key, bytes } = items[i] as FrameWrite
    size += roomFor(key) + bytes.length
  }
  const packing = new Packing(size, stampAt(start, 0), spare)
  for (let i = 0; i < items.length; i++) {
    const { key, bytes, expiresAt } = items[i] as FrameWrite
    packing.name(key)
    packing.life(lifeUntil(expiresAt, wall))
    packing.value(bytes, i)
  }
  return packing.whole
}

/** A frame with the right to store it. */
export type FencedWrite = FrameWrite & { readonly fence: Fence }

/** Entries as `fill` takes them: as `packEntries`, with the fence of each, and how a message calls it. */
export function packFills(
  items: readonly FencedWrite[],
  start: string,
  wall: number,
  spare?: Buffer,
): Buffer {
  let size = roomForRest * items.length
  for (let i = 0; i < items.length; i++) {
    const { key, bytes, fence } = items[i] as FencedWrite
    size += roomFor(key) + roomToTell(key) + roomForFence(fence) + bytes.length
  }
  const packing = new Packing(size, stampAt(start, 0), spare)
  for (let i = 0; i < items.length; i++) {
    const { key, bytes, expiresAt, fence } = items[i] as FencedWrite
    packing.toldName(key)
    packing.fence(fence)
    packing.life(lifeUntil(expiresAt, wall))
    packing.value(bytes, i)
  }
  return packing.whole
}
