import { crc32 } from 'node:zlib'

/** A native call costs as much as so many bytes take here. */
const few = 320

/** Slicing by 4 (Kounavis and Berry, "A Systematic Approach to Building High Performance, Software-based, CRC Generators", 2005). */
const [first, second, third, fourth] = tables()

function tables(): [Int32Array, Int32Array, Int32Array, Int32Array] {
  const made = Array.from({ length: 4 }, () => new Int32Array(256)) as ReturnType<typeof tables>
  const [one] = made
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let bit = 0; bit < 8; bit++) c = (c & 1) === 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    one[n] = c
  }
  for (let k = 1; k < 4; k++) {
    const before = made[k - 1] as Int32Array
    const table = made[k] as Int32Array
    for (let n = 0; n < 256; n++) {
      const c = before[n] as number
      table[n] = (c >>> 8) ^ (one[c & 0xff] as number)
    }
  }
  return made
}

/** CRC-32 of `bytes` from `start` up to `end`, going on from that of what stands before. */
export function crcOf(bytes: Uint8Array, start: number, end: number, before = 0): number {
  if (end - start > few) return crc32(bytes.subarray(start, end), before)
  let c = ~before
  let at = start
  for (; at + 4 <= end; at += 4) {
    c ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    c =
      (fourth[c & 0xff] as number) ^
      (third[(c >>> 8) & 0xff] as number) ^
      (second[(c >>> 16) & 0xff] as number) ^
      (first[c >>> 24] as number)
  }
  for (; at < end; at++) c = (c >>> 8) ^ (first[(c ^ (bytes[at] as number)) & 0xff] as number)
  return ~c >>> 0
}
