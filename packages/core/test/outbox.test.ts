import { expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { Outbox } from '../src/outbox.ts'

test('what is sent as the one before is taken is not said to be taken before it is', async () => {
  for (let after = 0; after < 40; after++) {
    const taken: string[] = []
    const outbox = new Outbox('bus', systemClock, async (removal) => {
      await Promise.resolve()
      if (removal.kind === 'keys') taken.push(...removal.keys)
    })
    const first = outbox.send({ kind: 'keys', keys: ['first'], soft: false }, 10_000)
    for (let i = 0; i < after; i++) await Promise.resolve()
    const second = await outbox.send({ kind: 'keys', keys: ['second'], soft: false }, 10_000)
    expect([after, await first, second, taken, outbox.size]).toEqual([
      after,
      true,
      true,
      ['first', 'second'],
      0,
    ])
  }
})

test('what a closed one did not deliver is not said to be taken', async () => {
  const outbox = new Outbox('bus', systemClock, () => Promise.reject(new Error('out of reach')))
  expect(await outbox.send({ kind: 'all' }, 10_000)).toBe(false)
  outbox.close()
  expect(await outbox.send({ kind: 'keys', keys: ['k'], soft: false }, 10_000)).toBe(false)
})
