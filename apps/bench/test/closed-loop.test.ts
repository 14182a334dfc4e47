import { expect, test } from 'vitest'
import { closedLoop } from '../src/closed-loop.ts'
import { readsInTurn } from '../src/reads-in-turn.ts'
import { valueOf } from '../src/rows.ts'
import { isRow, keysOf } from '../src/warm-remote.ts'

test('a wrong answer ends the measuring', async () => {
  const loop = closedLoop({
    callers: 2,
    ms: 1_000,
    next: () => 'row:1',
    call: () => Promise.resolve({ id: 2 }),
    right: isRow,
  })
  await expect(loop).rejects.toThrow(/wrong answer for row:1/)
})

test('so many callers ask at the same time, and each key once', async () => {
  const keys = keysOf(10)
  const asked: string[] = []
  let open = 0
  let most = 0
  await closedLoop({
    callers: 3,
    ms: 10_000,
    next: () => keys.shift(),
    call: async (key) => {
      asked.push(key)
      most = Math.max(most, ++open)
      await new Promise(setImmediate)
      open--
      return valueOf(Number(key.slice(4)), '100 B')
    },
    right: isRow,
  })
  expect(most).toBe(3)
  expect(asked).toEqual(keysOf(10))
})

test('reads in turn refuse a contestant that answers wrongly', async () => {
  const contestant = { peek: () => undefined } as never
  await expect(
    readsInTurn(contestant, 'peek', { keys: ['row:1'], built: false, right: isRow }),
  ).rejects.toThrow(/wrong answer/)
})

test('values are of the sizes that they are said to be', () => {
  const bytes = (size: '100 B' | '10 kB' | '1 MB') => JSON.stringify(valueOf(12_345, size)).length
  expect(bytes('100 B')).toBeGreaterThan(80)
  expect(bytes('100 B')).toBeLessThan(130)
  expect(bytes('10 kB') / 10_000).toBeCloseTo(1, 0)
  expect(bytes('1 MB') / 1_000_000).toBeCloseTo(1, 0)
})

test('who loads where hits are measured is not measured', async () => {
  const keys = keysOf(100)
  let loads = 0
  const metrics = await closedLoop({
    callers: 1,
    ms: 10_000,
    next: () => keys.shift(),
    call: (key) => {
      loads++
      return Promise.resolve(valueOf(Number(key.slice(4)), '100 B'))
    },
    right: isRow,
    loads: () => loads,
  })
  expect(metrics).toEqual({ calls: 100, loaded: 1_000 })
})
