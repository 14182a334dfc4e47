import { joinKey } from '@tierstack/cache-core'
import { fakeClock, localEntry } from '@tierstack/cache-testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Hints } from '../src/hints.ts'
import { memory } from '../src/index.ts'
import { vacant } from '../src/mark.ts'
import { Prefix } from '../src/prefix.ts'
import { Slots } from '../src/slots.ts'

/** The share of texts that have a hint, once each was looked for a few times. */
function hinted(texts: readonly string[]): number {
  const slots = new Slots(texts.length)
  const hints = new Hints(slots)
  const prefix = new Prefix('of one definition')
  const mark = { ...vacant, prefix }
  const places = texts.map((text) => slots.take(text, mark))
  const found = (text: string, i: number) => {
    const slot = hints.slotOf(prefix, text)
    if (slot < 0) hints.note(prefix, text, places[i] as number)
    return slot === places[i]
  }
  for (let pass = 0; pass < 4; pass++) texts.forEach(found)
  return texts.filter(found).length / texts.length
}

const numbers = Array.from({ length: 2_000 }, (_, i) => i * 7_919)

test.each([
  ['numbers', (n: number) => String(n)],
  ['numbers at the end', (n: number) => `user:${n}`],
  ['numbers in the middle', (n: number) => `users/${n}/profile`],
  ['numbers in front', (n: number) => `${n}:settings:en-GB`],
  ['words before a domain', (n: number) => `${n.toString(36).padStart(7, 'mail')}@example.org`],
  ['random text', (n: number) => `${Math.imul(n, 0x85ebca6b) >>> 0}-${Math.imul(n, 0xc2b2ae35) >>> 0}`],
])('most texts have a hint: %s', (_, textOf) => {
  expect(hinted(numbers.map(textOf))).toBeGreaterThan(0.6)
})

test('a hint of another prefix, or of what has left its slot, says nothing', () => {
  const slots = new Slots(4)
  const hints = new Hints(slots)
  const [one, other] = [new Prefix('one'), new Prefix('other')]
  const slot = slots.take('text', { ...vacant, prefix: one })
  hints.note(one, 'text', slot)
  hints.note(other, 'text', slot)
  expect([hints.slotOf(one, 'text'), hints.slotOf(other, 'text'), hints.slotOf(one, 'next')]).toEqual([
    slot,
    -1,
    -1,
  ])
  slots.release(slot)
  expect(hints.slotOf(one, 'text')).toBe(-1)
  slots.take('next', { ...vacant, prefix: one })
  expect(hints.slotOf(one, 'text')).toBe(-1)
})

const text = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'ab', 'abc'),
  fc.nat(30).map((n) => `users/${n}/profile`),
  fc.nat(30).map((n) => `${n}:ä€😀`),
)
const step = fc.record({
  verb: fc.constantFrom('set', 'find', 'find', 'delete', 'clear'),
  shelf: fc.constantFrom('#one@:', '#two@:'),
  text,
})

test('what is found is what was stored last under the key, whatever left and came in between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 2, max: 20 }), (steps, maxEntries) => {
      const tier = memory({ maxEntries, policy: 'lru' })
      const held = new Map<string, number>()
      const answers: [got: unknown, wanted: unknown][] = []
      tier.open({ clock: fakeClock(), evicted: (key) => held.delete(key()) })
      const shelves = { '#one@:': tier.shelf('#one@:'), '#two@:': tier.shelf('#two@:') }
      steps.forEach(({ verb, shelf, text: input }, i) => {
        const key = joinKey(shelf, input)
        if (verb === 'set') {
          tier.set(key, { ...localEntry(key, { value: i }), input, quickUntil: Number.POSITIVE_INFINITY })
          held.set(key, i)
        } else if (verb === 'delete') {
          tier.delete(key)
          held.delete(key)
        } else if (verb === 'clear' && i % 10 === 0) {
          tier.clear()
          held.clear()
        } else {
          const from = shelves[shelf]
          const place = from.find(input, 0, 0)
          answers.push([place < 0 ? undefined : from.value(place), held.get(key)])
        }
      })
      expect(answers.map(([got]) => got)).toEqual(answers.map(([, wanted]) => wanted))
    }),
  )
})
