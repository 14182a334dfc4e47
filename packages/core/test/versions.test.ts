import { memory } from '@tierstack/cache-memory'
import { eventTranscript, fakeClock, processStore } from '@tierstack/cache-testing'
import { describe, expect, test } from 'vitest'
import { createCache } from '../src/index.ts'

interface Old {
  readonly name: string
}
interface New {
  readonly first: string
  readonly last: string
}

/** Two deployments on one store: the old one with version 1, the new one with version 2. */
function sideBySide(migrate?: (old: unknown) => New | undefined) {
  const clock = fakeClock()
  const store = processStore({ clock })
  const make = () =>
    createCache({ namespace: 'test', clock, jitter: false, ttl: 10_000, tiers: [memory(), store.tier()] })
  const [a, b] = [make(), make()]
  const source = { name: 'Ada Lovelace', loads: [] as string[] }
  const old = a.define<number, Old>({
    name: 'person',
    version: 1,
    load: (): Old => {
      source.loads.push('old')
      return { name: source.name }
    },
  })
  const next = b.define<number, New>({
    name: 'person',
    version: 2,
    load: (): New => {
      source.loads.push('new')
      const [first = '', last = ''] = source.name.split(' ')
      return { first, last }
    },
    ...(migrate && { migrate }),
  })
  return { clock, store, a, b, old, next, source }
}

const split = (old: unknown): New => {
  const [first = '', last = ''] = (old as Old).name.split(' ')
  return { first, last }
}

describe('two versions of a definition side by side', () => {
  test('each read their own shape, whoever loaded first', async () => {
    const { a, b, old, next } = sideBySide()
    for (let round = 0; round < 2; round++) {
      expect(await old(1)).toEqual({ name: 'Ada Lovelace' })
      expect(await next(1)).toEqual({ first: 'Ada', last: 'Lovelace' })
      await Promise.all([a.drain(), b.drain()])
    }
  })

  test.each(['delete', 'expire', 'clear', 'set', 'write'] as const)(
    'what the one removes by %s, the other does not serve any more, both ways',
    async (verb) => {
      const { a, b, old, next, source } = sideBySide()
      const change = {
        delete: [() => old.delete(1), () => next.delete(1)],
        expire: [() => old.expire(1), () => next.expire(1)],
        clear: [() => old.clear(), () => next.clear()],
        set: [() => old.set(1, { name: source.name }), () => next.set(1, split({ name: source.name }))],
        write: [() => old.write(1, async () => {}), () => next.write(1, async () => {})],
      }[verb]
      for (const [i, remove] of change.entries()) {
        await Promise.all([old(1), next(1)])
        await Promise.all([a.drain(), b.drain()])
        source.name = `Grace Hopper${i}`
        await remove()
        expect(await old(1)).toEqual({ name: `Grace Hopper${i}` })
        expect(await next(1)).toEqual({ first: 'Grace', last: `Hopper${i}` })
      }
    },
  )
})

describe('migrate', () => {
  test('makes the new value of the old one, for the rest of its life, without a load', async () => {
    const { clock, a, b, old, next, source } = sideBySide(split)
    await old(1)
    await a.drain()
    await clock.advance(4_000)
    expect(await next(1)).toEqual({ first: 'Ada', last: 'Lovelace' })
    expect(source.loads).toEqual(['old'])
    await b.drain()
    expect((await next.entry(1))?.ttlLeft).toBeLessThanOrEqual(6_000)
    await clock.advance(6_001)
    await next(1)
    expect(source.loads).toEqual(['old', 'new'])
  })

  test('is not asked for what was removed, is wanted anew, or has expired', async () => {
    const { clock, a, old, next, source } = sideBySide(split)
    await old(1)
    await a.drain()
    await next(1, { forceFresh: true })
    expect(source.loads).toEqual(['old', 'new'])
    await old.delete(1)
    await next(1)
    expect(source.loads).toEqual(['old', 'new', 'new'])
    await old(2)
    await a.drain()
    await clock.advance(10_001)
    await next(2)
    expect(source.loads).toEqual(['old', 'new', 'new', 'old', 'new'])
  })

  test('that answers with undefined, or with what the schema refuses, leaves it to the load', async () => {
    const { a, old, next, source } = sideBySide(() => undefined)
    await old(1)
    await a.drain()
    expect(await next(1)).toEqual({ first: 'Ada', last: 'Lovelace' })
    expect(source.loads).toEqual(['old', 'new'])
  })

  test('needs a version before this one', async () => {
    await using cache = createCache({ namespace: 'x', tiers: [memory()] })
    const migrate = () => 1
    expect(() => cache.define({ name: 'n', load: () => 1, migrate })).toThrow(
      'Expected `version` to be a whole number of 1 or more, as `migrate` is given',
    )
    expect(eventTranscript(cache).take()).toEqual([])
  })
})
