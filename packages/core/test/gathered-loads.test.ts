import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'

/** One place for loads, which stays taken until `release`. */
function crowded(queue?: number) {
  const clock = fakeClock()
  const bulkhead = { concurrentLoads: 1, ...(queue !== undefined && { queue }) }
  const cache = createCache({ namespace: 'test', clock, jitter: false, tiers: [memory()], bulkhead })
  const gate = Promise.withResolvers<void>()
  const batches: (readonly number[])[] = []
  const row = cache.define({
    name: 'row',
    load: (id: number) => Promise.resolve(`alone ${id}`),
    loadMany: async (ids) => {
      batches.push(ids)
      await gate.promise
      return ids.map((id) => `row ${id}`)
    },
  })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { cache, row, batches, turn, release: () => gate.resolve() }
}

describe('gathered loads', () => {
  test('what is asked for while a batch waits for a place goes along', async () => {
    const { row, batches, turn, release } = crowded()
    const first = Promise.all([row(1), row(2)])
    await turn()
    const later: Promise<string>[] = []
    for (const id of [3, 4, 5]) {
      later.push(row(id))
      await turn()
    }
    expect(batches).toEqual([[1, 2]])
    release()
    expect(await first).toEqual(['row 1', 'row 2'])
    expect(await Promise.all(later)).toEqual(['row 3', 'row 4', 'row 5'])
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ])
  })

  test('a batch that finds no room in the queue fails as a whole, and the next one begins anew', async () => {
    const { row, batches, turn, release } = crowded(0)
    const first = Promise.all([row(1), row(2)])
    await turn()
    const refused = Promise.allSettled([row(3), row(4)])
    await turn()
    for (const one of await refused) {
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'OVERLOADED' } })
    }
    release()
    await first
    expect(await Promise.all([row(5), row(6)])).toEqual(['row 5', 'row 6'])
    expect(batches).toEqual([
      [1, 2],
      [5, 6],
    ])
  })

  test('a batch of which nobody wants anything any more is aborted from the start', async () => {
    const clock = fakeClock()
    const cache = createCache({
      namespace: 'test',
      clock,
      tiers: [memory()],
      bulkhead: { concurrentLoads: 1 },
    })
    const gate = Promise.withResolvers<void>()
    const aborted: boolean[] = []
    const row = cache.define({
      name: 'row',
      load: (id: number) => id,
      loadMany: async (ids, { signal }) => {
        aborted.push(signal.aborted)
        await gate.promise
        return ids.map((id) => id)
      },
    })
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const first = Promise.all([row(1), row(2)])
    await turn()
    const leaving = new AbortController()
    const left = Promise.allSettled([3, 4].map((id) => row(id, { signal: leaving.signal })))
    await turn()
    leaving.abort(new Error('gone'))
    for (const { status } of await left) expect(status).toBe('rejected')
    gate.resolve()
    await first
    await turn()
    expect(aborted).toEqual([false, true])
  })
})
