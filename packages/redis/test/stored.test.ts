import { expect, test } from 'vitest'
import { encodeValue, parseStored } from '../src/stored.ts'
import { token } from '../src/token.ts'

test('a value comes back with its stamp, and its frame byte for byte', () => {
  const stamp = token()
  for (const frame of [new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, i) => i)]) {
    const stored = parseStored(encodeValue(stamp, frame))
    if (stored.kind !== 'value') throw new Error(stored.kind)
    expect(stored.frame).toMatchObject({ stamp, soft: false })
    expect(Buffer.compare(stored.frame.bytes, frame)).toBe(0)
  }
})

test('leases and intents are told from values, and what is foreign from all', () => {
  const kindOf = (text: string) => parseStored(Buffer.from(text)).kind
  expect(parseStored(null).kind).toBe('nothing')
  expect(kindOf(`L${token()}`)).toBe('lease')
  expect(kindOf(`L${token()}W`)).toBe('lease')
  expect(kindOf(`T${token()}1700000000000`)).toBe('intents')
  for (const text of ['', 'L', 'T', 'V', `L${token()}X`, `V${token()}`, 'hello', `T${token()}`]) {
    expect(kindOf(text)).toBe('foreign')
  }
})

test('tokens are never given twice', () => {
  const tokens = Array.from({ length: 10_000 }, token)
  expect(new Set(tokens).size).toBe(tokens.length)
  expect(tokens.every((one) => /^[\w-]{16}$/.test(one))).toBe(true)
})
