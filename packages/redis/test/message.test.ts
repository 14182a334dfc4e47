import fc from 'fast-check'
import { expect, test } from 'vitest'
import { epochBody, filledHead, nameInBody, parseMessage, parsePulse, removalBodies } from '../src/message.ts'
import { token } from '../src/token.ts'

const origin = token()
const name = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
  fc.constantFrom('', '\0', '\n', '|', '3:abc', '__proto__', '\ufffd', 'x'.repeat(70_000)),
)
const names = fc.array(name, { minLength: 1, maxLength: 40 })

const numbered = (sequence: number, body: Uint8Array) => Buffer.concat([Buffer.from(`${sequence}|`), body])

test('removals come back name by name', () => {
  fc.assert(
    fc.property(names, fc.boolean(), fc.boolean(), fc.nat(), (list, soft, asTags, sequence) => {
      const sent = asTags
        ? ({ kind: 'tags', tags: list, soft } as const)
        : ({ kind: 'keys', keys: list, soft } as const)
      const heard: string[] = []
      for (const body of removalBodies(origin, sent)) {
        const message = parseMessage(numbered(sequence, body))
        if (message?.kind !== 'removal') throw new Error('not a removal')
        expect(message).toMatchObject({ origin, sequence, removal: { kind: sent.kind, soft } })
        if (message.removal.kind === 'keys') heard.push(...message.removal.keys)
        if (message.removal.kind === 'tags') heard.push(...message.removal.tags)
      }
      expect(heard).toEqual(list)
    }),
  )
})

test('many names go in several messages, each within what is accepted', () => {
  const keys = Array.from({ length: 3_000 }, (_, i) => `${i}-${'x'.repeat(1_000)}`)
  const bodies = removalBodies(origin, { kind: 'keys', keys, soft: false })
  expect(bodies.length).toBeGreaterThan(6)
  const parsed = bodies.map((body, i) => parseMessage(numbered(i, body)))
  expect(parsed.every((message) => message?.kind === 'removal')).toBe(true)
})

test('the other kinds come back as they were', () => {
  fc.assert(
    fc.property(fc.array(name, { minLength: 1 }), (keys) => {
      const body = Buffer.from(filledHead(origin) + keys.map(nameInBody).join(''))
      expect(parseMessage(numbered(0, body))).toEqual({ kind: 'filled', origin, keys })
    }),
  )
  const epoch = token()
  expect(parseMessage(numbered(7, epochBody(origin, epoch)))).toEqual({
    kind: 'epoch',
    sequence: 7,
    origin,
    epoch,
  })
  const [all] = removalBodies(origin, { kind: 'all' })
  expect(parseMessage(numbered(8, all ?? Buffer.alloc(0)))).toMatchObject({ removal: { kind: 'all' } })
})

test('anything else is no message, and never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => parseMessage(bytes) === undefined))
  const [whole] = removalBodies(origin, { kind: 'keys', keys: ['abc', 'd'], soft: false })
  const message = numbered(12, whole ?? Buffer.alloc(0))
  expect(parseMessage(message)).toBeDefined()
  for (let end = 0; end < message.length; end++) {
    const cut = parseMessage(message.subarray(0, end))
    // Cut between two names it is a shorter message.
    const keys = cut?.kind === 'removal' && cut.removal.kind === 'keys' ? cut.removal.keys : []
    expect(['', 'abc']).toContain(keys.join())
  }
  expect(parseMessage(Buffer.concat([message, Buffer.from('x')]))).toBeUndefined()
  expect(parseMessage(Buffer.from(`1|${origin}K2:\xff\xfe`, 'latin1'))).toBeUndefined()
  expect(parseMessage(Buffer.from(`99999999999999999|${origin}A`))).toBeUndefined()
  // One message has one spelling.
  for (const other of [`07|${origin}A`, `7|${origin}K01:a`, `7|${origin}A9:!trace:ab`])
    expect(parseMessage(Buffer.from(other))).toBeUndefined()
  expect(parseMessage(Buffer.alloc(5 * 1024 ** 2, 'x'))).toBeUndefined()
})

test('a pulse is two numbers and nothing else', () => {
  expect(parsePulse(Buffer.from('3|1700000000000000'))).toEqual({ beat: 3, sequence: 1_700_000_000_000_000 })
  for (const text of ['', '3', '3|', '|3', 'a|3', '3|4|5', ' 3|4', `${'9'.repeat(30)}|1`]) {
    expect(parsePulse(Buffer.from(text))).toBeUndefined()
  }
})

test('a removal tells which work it belongs to, in each of its messages', () => {
  const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const keys = Array.from({ length: 1_200 }, (_, i) => `=key ${i}`)
  const bodies = removalBodies(origin, { kind: 'keys', keys, soft: false }, trace)
  const parsed = bodies.map((body, i) => parseMessage(numbered(i, body)))
  expect(parsed.length).toBeGreaterThan(1)
  expect(parsed.flatMap((one) => (one?.kind === 'removal' ? one.trace : 'none'))).toEqual(
    parsed.map(() => trace),
  )
  const heard = parsed.flatMap((one) =>
    one?.kind === 'removal' && one.removal.kind === 'keys' ? one.removal.keys : [],
  )
  expect(heard).toEqual(keys)
})

test('to readers that do not know of it, it is one more name, which no key or tag can have', () => {
  const [body] = removalBodies(origin, { kind: 'tags', tags: ['a'], soft: false }, 'x')
  expect(body?.toString()).toBe(`${origin}T8:!trace:x1:a`)
})
