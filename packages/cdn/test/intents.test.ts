import type { EdgePurge } from '@tierstack/cache-core'
import { fakeClock } from '@tierstack/cache-testing'
import { expect, test } from 'vitest'
import { Intents } from '../src/engine/intents.ts'
import type { PurgeLane } from '../src/engine/purge-queue.ts'

function written() {
  const clock = fakeClock()
  const pending = new Set<number>()
  let last = 0
  const lane: PurgeLane = {
    put: async () => {
      pending.add(++last)
      return last
    },
    settle: async (ids) => {
      for (const id of ids) pending.delete(id)
    },
    takeOver: () => Promise.resolve([]),
    bury: () => Promise.resolve(),
    dead: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  }
  return { clock, pending, intents: new Intents(lane, clock) }
}

const what: EdgePurge = { keys: ['row:1'], soft: false }

test('of two who announced the same, the first to be done leaves the other one written down', async () => {
  const { clock, pending, intents } = written()
  await intents.announce(what)
  await intents.announce(what)
  intents.done([await intents.idOf(what)])
  await clock.advance(1_000)
  expect(pending.size).toBe(1)
  intents.done([await intents.idOf(what)])
  await clock.advance(1_000)
  expect(pending.size).toBe(0)
})

test('what was announced and forgotten lapses, each by itself', async () => {
  const { clock, intents } = written()
  await intents.announce(what)
  await clock.advance(40_000)
  await intents.announce(what)
  await clock.advance(30_000)
  expect(intents.lapsed()).toEqual([{ what, ids: [1] }])
  expect(await intents.idOf(what)).toBe(2)
  await clock.advance(100_000)
  expect(intents.lapsed()).toEqual([])
})
