import { fakeClock, localEntry } from '@tierstack/cache-testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memory } from '../src/index.ts'

const overhead = 100
const tenants = ['@a', '@b', '@a%2Fb', '']
const key = fc
  .tuple(fc.constantFrom(...tenants), fc.constantFrom('#row@1:n1', '#row@1:sx', '/shop#row@1:n1', '=k', '~h'))
  .map(([tenant, rest]) => (tenant === '' ? rest.replace('/shop', 'shop') : tenant + rest))
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ verb: fc.constant('set'), key, bytes: fc.nat(1_200) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constantFrom('get', 'delete'), key, bytes: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('clear'), key, bytes: fc.constant(0) }) },
)
const tenantOf = (name: string) => /^@[^/#=~]*/.exec(name)?.[0] ?? ''

test('each tenant keeps to its quota at the cost of what it wrote longest ago, and costs nobody else anything', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.constantFrom('lru', 'adaptive', 's3-fifo', 'sieve', 'w-tinylfu'),
      (steps, policy) => {
        const quota = 2_000
        const tier = memory({ maxBytes: '1mb', maxBytesPerTenant: quota, policy })
        const evicted: string[] = []
        tier.open({ clock: fakeClock(), evicted: (name, cause) => evicted.push(`${cause} ${name()}`) })
        // The first was written longest ago.
        let list: { key: string; weight: number }[] = []
        const gone: string[] = []
        const answers: [got: boolean, wanted: boolean][] = []
        for (const { verb, key: name, bytes } of steps) {
          const weight = bytes + name.length * 2 + overhead
          const rest = list.filter((held) => held.key !== name)
          if (verb === 'clear') {
            tier.clear()
            list = []
          } else if (verb === 'delete') {
            tier.delete(name)
            list = rest
          } else if (verb === 'get') {
            answers.push([tier.get(name) !== undefined, rest.length < list.length])
          } else {
            const own = tenantOf(name)
            const kept = own === '' || weight <= quota
            answers.push([tier.set(name, localEntry(name, { bytes })), kept])
            list = kept ? [...rest, { key: name, weight }] : rest
            const held = () => list.filter((one) => tenantOf(one.key) === own)
            while (own !== '' && held().reduce((sum, one) => sum + one.weight, 0) > quota) {
              const [oldest] = held()
              list = list.filter((one) => one !== oldest)
              gone.push(`size ${oldest?.key}`)
            }
          }
          expect([...tier.keys()].toSorted()).toEqual(list.map((one) => one.key).toSorted())
          expect(tier.bytes).toBe(list.reduce((sum, one) => sum + one.weight, 0))
        }
        expect(evicted).toEqual(gone)
        expect(answers.map(([got]) => got)).toEqual(answers.map(([, wanted]) => wanted))
      },
    ),
  )
})

test('a quota of no bytes, or of text without a unit, is refused', () => {
  for (const wrong of ['many', -1, Number.NaN])
    expect(() => memory({ maxBytesPerTenant: wrong as never })).toThrow('Expected `maxBytesPerTenant` to be')
})
