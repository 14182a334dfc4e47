import { memory } from '@tierstack/cache-memory'
import { fakeClock, processStore } from '@tierstack/cache-testing'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createCache } from '../src/index.ts'
import type { StandardSchema } from '../src/index.ts'

interface User {
  readonly id: number
  readonly email: string
}

const schemas: Readonly<Record<string, StandardSchema<User>>> = {
  zod: z.object({ id: z.number().int(), email: z.email() }),
  valibot: v.object({ id: v.pipe(v.number(), v.integer()), email: v.pipe(v.string(), v.email()) }),
  arktype: type({ id: 'number.integer', email: 'string.email' }),
}

/** One process writes without a schema, as an older release might; the other one reads with it. */
function beside(schema: StandardSchema<User>) {
  const clock = fakeClock()
  const store = processStore({ clock })
  const make = () =>
    createCache({ namespace: 'test', clock, jitter: false, ttl: 10_000, tiers: [memory(), store.tier()] })
  const [writer, reader] = [make(), make()]
  const written = { user: { id: 1, email: 'ada@example.com' } as unknown as User }
  const poisoned: string[] = []
  const errors: string[] = []
  reader.on('poisoned', ({ why, error }) => {
    poisoned.push(why)
    errors.push(String(error))
  })
  return {
    written,
    poisoned,
    errors,
    write: writer.define({ name: 'user', load: (_id: number) => written.user }),
    read: reader.define({
      name: 'user',
      load: (id: number): User => ({ id, email: 'loaded@example.com' }),
      schema,
    }),
    drain: () => writer.drain(),
  }
}

describe.each(Object.entries(schemas))('a schema of %s', (_library, schema) => {
  test('lets through what fits', async () => {
    const { write, read, drain, poisoned } = beside(schema)
    await write(1)
    await drain()
    expect(await read(1)).toEqual({ id: 1, email: 'ada@example.com' })
    expect(poisoned).toEqual([])
  })

  test.each([
    ['of another type', { id: '1', email: 'ada@example.com' }],
    ['of another form', { id: 1, email: 'planted-by-hand' }],
    ['without a field', { id: 1 }],
    ['that is no object', 'planted-by-hand'],
  ])('turns a value %s into a miss, and quotes none of it', async (_what, value) => {
    const { written, write, read, drain, poisoned, errors } = beside(schema)
    written.user = value as unknown as User
    await write(1)
    await drain()
    expect(await read(1)).toEqual({ id: 1, email: 'loaded@example.com' })
    expect(poisoned).toEqual(['schema'])
    expect(errors.join()).not.toContain('planted')
  })
})
