import { BadFrame } from './frame.ts'
import { unitAt } from './unit-at.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const nothing = new Uint8Array(0)

/** Reads one frame after the other: an object per frame would cost more than what it reads. */
export class FrameReader {
  at = 0
  #bytes: Uint8Array = nothing
  #length = 0

  get bytes(): Uint8Array {
    return this.#bytes
  }

  open(bytes: Uint8Array, start: number): void {
    this.at = start
    this.#bytes = bytes
    this.#length = bytes.length
  }

  /** What was read may be collected. */
  close(): void {
    this.open(nothing, 0)
  }

  take(count: number): number {
    const start = this.at
    const end = start + count
    if (end > this.#length) throw new BadFrame('frame is truncated')
    this.at = end
    return start
  }

  u8(): number {
    return this.#bytes[this.take(1)] as number
  }

  u16(): number {
    const start = this.take(2)
    return ((this.#bytes[start] as number) << 8) | (this.#bytes[start + 1] as number)
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16()
  }

  /** Where so many numbers of 64 bits begin, in `viewOf` the bytes. */
  doubles(count: number): number {
    return this.#bytes.byteOffset + this.take(8 * count)
  }

  /** A text that is most likely `guess`: told by its bytes, without making it. */
  text(width: 1 | 2, guess: string): string {
    const length = width === 1 ? this.u8() : this.u16()
    if (length === 0) return ''
    const start = this.take(length)
    if (length === guess.length && this.#isAscii(start, guess)) return guess
    return decoder.decode(this.#bytes.subarray(start, start + length))
  }

  #isAscii(start: number, text: string): boolean {
    const bytes = this.#bytes
    for (let i = 0; i < text.length; i++) {
      const unit = unitAt(text, i)
      if (unit > 0x7f || unit !== bytes[start + i]) return false
    }
    return true
  }
}
