import { unitAt } from './unit-at.ts'

/** Writes a text that is all ASCII at `at`; false where it isn't, whatever was written. There must be room for it. */
export function asciiInto(text: string, bytes: Uint8Array, at: number): boolean {
  const { length } = text
  let all = 0
  for (let i = 0; i < length; i++) {
    const unit = unitAt(text, i)
    all |= unit
    bytes[at + i] = unit
  }
  return all < 0x80
}
