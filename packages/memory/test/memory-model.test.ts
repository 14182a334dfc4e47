import { fakeClock, localEntry } from '@tierstack/cache-testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memory } from '../src/index.ts'

const overhead = 100
const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('set'), key, bytes: fc.nat(900) }) },
  {
    weight: 3,
    arbitrary: fc.record({ verb: fc.constantFrom('get', 'inspect', 'delete'), key, bytes: fc.constant(0) }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('clear'), key, bytes: fc.constant(0) }) },
)

test('entries, bytes and evictions are those of a plain list in order of use', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, maxEntries) => {
      const maxBytes = 3_000
      const tier = memory({ maxEntries, maxBytes, policy: 'lru' })
      const evicted: string[] = []
      tier.open({ clock: fakeClock(), evicted: (name) => evicted.push(name()) })
      // The first is used longest ago.
      let list: { key: string; weight: number }[] = []
      const gone: string[] = []
      const answers: [got: unknown, wanted: unknown][] = []
      const total = () => list.reduce((sum, { weight }) => sum + weight, 0)
      for (const { verb, key: name, bytes } of steps) {
        const old = list.find((held) => held.key === name)
        const rest = list.filter((held) => held !== old)
        if (verb === 'clear') {
          tier.clear()
          list = []
        } else if (verb === 'delete') {
          answers.push([tier.delete(name), old !== undefined])
          list = rest
        } else if (verb === 'set') {
          const weight = bytes + 2 + overhead
          tier.set(name, localEntry(name, { bytes }))
          list = [...rest, { key: name, weight }]
          while (list.length > maxEntries || total() > maxBytes) gone.push(list.shift()?.key ?? '')
        } else {
          answers.push([tier[verb](name)?.value, old && name])
          if (verb === 'get' && old) list = [...rest, old]
        }
        expect(tier.bytes).toBe(total())
        expect([...tier.keys()].toSorted()).toEqual(list.map((held) => held.key).toSorted())
      }
      expect(evicted).toEqual(gone)
      expect(answers.map(([got]) => got)).toEqual(answers.map(([, wanted]) => wanted))
    }),
  )
})
