import { crc32 } from 'node:zlib'
import { viewOf } from './view-of.ts'

/** A native call costs as much as so many bytes take here. */
export const fewBytes = 400

const slices = 16
/** Slicing by 16 (after Kounavis and Berry, "A Systematic Approach to Building High Performance, Software-based, CRC Generators", 2005): one table of 256 behind the other. */
const table = tables()

function tables(): Int32Array {
  const made = new Int32Array(slices * 256)
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let bit = 0; bit < 8; bit++) c = (c & 1) === 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    made[n] = c
  }
  for (let n = 256; n < made.length; n++) {
    const c = made[n - 256] as number
    made[n] = (c >>> 8) ^ (made[c & 0xff] as number)
  }
  return made
}

/** CRC-32 of `bytes` from `start` up to `end`, going on from that of what stands before. */
export function crcOf(bytes: Uint8Array, start: number, end: number, before = 0): number {
  if (end - start > fewBytes) return crc32(bytes.subarray(start, end), before)
  const { byteOffset } = bytes
  return crcIn(viewOf(bytes.buffer), byteOffset + start, byteOffset + end, before)
}

/** As `crcOf`, in a view: for a few bytes, of which the caller has one. */
export function crcIn(view: DataView, start: number, end: number, before: number): number {
  let c = ~before
  let at = start
  for (; at + 16 <= end; at += 16) {
    const a = c ^ view.getInt32(at, true)
    const b = view.getInt32(at + 4, true)
    const d = view.getInt32(at + 8, true)
    const e = view.getInt32(at + 12, true)
    c =
      (table[0xf00 + (a & 0xff)] as number) ^
      (table[0xe00 + ((a >>> 8) & 0xff)] as number) ^
      (table[0xd00 + ((a >>> 16) & 0xff)] as number) ^
      (table[0xc00 + (a >>> 24)] as number) ^
      (table[0xb00 + (b & 0xff)] as number) ^
      (table[0xa00 + ((b >>> 8) & 0xff)] as number) ^
      (table[0x900 + ((b >>> 16) & 0xff)] as number) ^
      (table[0x800 + (b >>> 24)] as number) ^
      (table[0x700 + (d & 0xff)] as number) ^
      (table[0x600 + ((d >>> 8) & 0xff)] as number) ^
      (table[0x500 + ((d >>> 16) & 0xff)] as number) ^
      (table[0x400 + (d >>> 24)] as number) ^
      (table[0x300 + (e & 0xff)] as number) ^
      (table[0x200 + ((e >>> 8) & 0xff)] as number) ^
      (table[0x100 + ((e >>> 16) & 0xff)] as number) ^
      (table[e >>> 24] as number)
  }
  for (; at + 4 <= end; at += 4) {
    const a = c ^ view.getInt32(at, true)
    c =
      (table[0x300 + (a & 0xff)] as number) ^
      (table[0x200 + ((a >>> 8) & 0xff)] as number) ^
      (table[0x100 + ((a >>> 16) & 0xff)] as number) ^
      (table[a >>> 24] as number)
  }
  for (; at < end; at++) c = (c >>> 8) ^ (table[(c ^ view.getUint8(at)) & 0xff] as number)
  return ~c >>> 0
}
