import { describe, expect, expectTypeOf, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock, processStore } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import type { Cache, Duration, LoadContext, Receipt, TierHealth } from '../src/index.ts'

interface User {
  readonly id: number
  readonly org: number
}

function make() {
  const clock = fakeClock()
  return createCache({ namespace: 'test', clock, tiers: [memory(), processStore({ clock }).tier()] })
}

/** What follows is for the compiler: never run. */
const compiled = (_program: () => unknown) => expect(_program).toBeTypeOf('function')

describe('types are inferred without annotations', () => {
  test('input and value of a definition, its tags and its lists', () => {
    const cache = make()
    const user = cache.define({
      name: 'user',
      load: async (id: number, { signal }): Promise<User | null> => {
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        return id > 0 ? { id, org: 7 } : null
      },
      loadMany: async (ids) => new Map(ids.map((id) => [id, { id, org: 7 }])),
      tags: (value, id) => {
        expectTypeOf(value).toEqualTypeOf<User | null>()
        expectTypeOf(id).toEqualTypeOf<number>()
        return value ? [`org:${value.org}`] : []
      },
    })
    expectTypeOf(user).parameter(0).toEqualTypeOf<number>()
    expectTypeOf(user).returns.resolves.toEqualTypeOf<User | null>()
    expectTypeOf<(typeof user)['peek']>().returns.toEqualTypeOf<User | null | undefined>()
    expectTypeOf<(typeof user)['many']>().returns.resolves.toEqualTypeOf<(User | null)[]>()
    expectTypeOf<(typeof user)['delete']>().returns.resolves.toEqualTypeOf<Receipt<'memory' | 'store'>>()
    expectTypeOf<(typeof user)['set']>().parameter(1).toEqualTypeOf<User | null>()
  })

  test('undefined of a loader never is a stored value', () => {
    const row = make().define({ name: 'row', load: (id: number) => (id ? 'v' : undefined) })
    expectTypeOf(row).returns.resolves.toEqualTypeOf<'v' | undefined>()
    expectTypeOf<(typeof row)['set']>().parameter(1).toEqualTypeOf<'v'>()
  })

  test('names of tiers, from the tuple', () => {
    const cache = make()
    expectTypeOf<(typeof cache)['health']>().returns.resolves.toEqualTypeOf<{
      readonly memory: TierHealth
      readonly store: TierHealth
    }>()
    compiled(() => {
      cache.define({ name: 'ok', load: () => 1, ttl: { memory: '30s', store: '1h', default: 'warm' } })
      // @ts-expect-error There is no such tier.
      cache.define({ name: 'no', load: () => 1, ttl: { redis: '1h' } })
      // @ts-expect-error There is no such tier.
      void cache.get('k', { skip: ['redis'] })
    })
  })

  test('durations and sizes carry a unit that exists', () => {
    const cache = make()
    expectTypeOf<'1h'>().toExtend<Duration>()
    expectTypeOf<'1 hour'>().not.toExtend<Duration>()
    compiled(() => {
      // @ts-expect-error No such unit.
      cache.define({ name: 'no', load: () => 1, ttl: '1 hour' })
      // @ts-expect-error No such unit.
      cache.define({ name: 'no', load: () => 1, swr: '1 minute' })
      // @ts-expect-error No unit at all.
      memory({ maxBytes: '64' })
      // @ts-expect-error Not a preset.
      cache.define({ name: 'no', load: () => 1, ttl: 'boiling' })
    })
  })

  test('getOrSet returns what its loader makes; a table of key types is checked', () => {
    const cache = make()
    expectTypeOf(cache.getOrSet('k', () => 7)).resolves.toEqualTypeOf<number>()
    expectTypeOf(cache.get('k')).resolves.toEqualTypeOf<unknown>()
    const typed = cache.typed<{ user: User; count: number }>()
    expectTypeOf(typed).toEqualTypeOf<Cache<{ user: User; count: number }, 'memory' | 'store'>>()
    expectTypeOf(typed.get('count')).resolves.toEqualTypeOf<number | undefined>()
    expectTypeOf(typed.getMany(['user', 'count'])).resolves.toEqualTypeOf<
      [User | undefined, number | undefined]
    >()
    compiled(() => {
      // @ts-expect-error No such key.
      void typed.get('nobody')
      // @ts-expect-error The wrong value.
      void typed.set('count', 'one')
    })
  })

  test('wrap keeps the parameters; tags and key may look at fewer', () => {
    const cache = make()
    const order = cache.wrap((id: number, currency?: string) => ({ id, currency }), {
      name: 'order',
      key: (id) => id,
      tags: (value, id) => {
        expectTypeOf(value).toEqualTypeOf<{ id: number; currency: string | undefined }>()
        expectTypeOf(id).toEqualTypeOf<number>()
        return [`order:${id}`]
      },
    })
    expectTypeOf<Parameters<typeof order>>().toEqualTypeOf<[id: number, currency?: string | undefined]>()
    expectTypeOf<Parameters<(typeof order)['peek']>>().toEqualTypeOf<
      [id: number, currency?: string | undefined]
    >()
  })

  test('a loader may name the type of its stale value', () => {
    const row = make().define({
      name: 'row',
      load: (id: number, ctx: LoadContext<User>): User => ctx.stale?.value ?? { id, org: 0 },
    })
    expectTypeOf(row).returns.resolves.toEqualTypeOf<User>()
  })

  test('a schema must fit the value', () => {
    const cache = make()
    const schema = {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value: value as number }) },
    } as const
    expectTypeOf(
      cache.define({ name: 'fits', load: () => 1, schema }),
    ).returns.resolves.toEqualTypeOf<number>()
    compiled(() => {
      // @ts-expect-error A schema of numbers.
      cache.define({ name: 'does not', load: () => 'text', schema })
    })
  })

  test('a definition that returns a promise is given and gives the value', () => {
    const row = make().define({ name: 'row', load: async (id: string) => ({ id }) })
    expectTypeOf(row).returns.resolves.toEqualTypeOf<{ id: string }>()
  })
})
