import { zstdCompressSync } from 'node:zlib'
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { declaredSize } from '../src/zstd-frame.ts'

it.each([0, 1, 255, 256, 257, 65_791, 65_792, 300_000])('the declared size of %i bytes is found', (size) => {
  for (const content of [Buffer.alloc(size), randomBytes(size)]) {
    expect(declaredSize(zstdCompressSync(content, { pledgedSrcSize: size }))).toBe(size)
  }
})

it('a frame of several blocks that is cut between them is refused', () => {
  const frame = zstdCompressSync(randomBytes(300_000), { pledgedSrcSize: 300_000 })
  const firstBlock = 9 + 3 + 128 * 1024
  expect(() => declaredSize(frame.subarray(0, firstBlock))).toThrow(RangeError)
  expect(() => declaredSize(frame.subarray(0, -1))).toThrow('The frame does not end where the bytes do')
})

it.each([
  ['no frame', Buffer.from('not a frame'), 'This is no zstd frame'],
  [
    'a frame that declares no size',
    Buffer.from('28b52ffd 00 58 010000'.replaceAll(' ', ''), 'hex'),
    'does not declare',
  ],
])('%s is refused', (_what, bytes, reason) => {
  expect(() => declaredSize(bytes)).toThrow(reason)
})
