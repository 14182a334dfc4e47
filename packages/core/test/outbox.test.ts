import { fakeClock } from '@tierstack/cache-testing'
import { expect, test, vi } from 'vitest'
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

test('each is told as soon as it was taken itself, however many come meanwhile', async () => {
  const calls: (() => void)[] = []
  const outbox = new Outbox('bus', systemClock, () => new Promise<void>((taken) => calls.push(taken)))
  const told: string[] = []
  const send = (key: string) =>
    outbox
      .send({ kind: 'keys', keys: [key], soft: false }, 10_000)
      .then((taken) => told.push(`${key} ${taken}`))
  const sent = [send('a')]
  for (const key of ['b', 'c', 'd']) {
    sent.push(send(key))
    calls.at(-1)?.()
    await new Promise(setImmediate)
  }
  expect(told).toEqual(['a true', 'b true', 'c true'])
  calls.at(-1)?.()
  await Promise.all(sent)
  expect(told.at(-1)).toBe('d true')
})

test('what was refused is said to wait, and is tried again', async () => {
  let refuses = true
  const taken: string[] = []
  const outbox = new Outbox('bus', systemClock, async (removal) => {
    await Promise.resolve()
    if (refuses) throw new Error('out of reach')
    if (removal.kind === 'keys') taken.push(...removal.keys)
  })
  const keys = ['a', 'b']
  const sent = keys.map((key) => outbox.send({ kind: 'keys', keys: [key], soft: false }, 10_000))
  expect(await Promise.all(sent)).toEqual([false, false])
  refuses = false
  await vi.waitUntil(() => outbox.size === 0, { timeout: 10_000 })
  expect(taken).toEqual(keys)
})

test('a bus that never answers holds up nothing for good', async () => {
  const clock = fakeClock()
  let hangs = true
  const taken: string[] = []
  const outbox = new Outbox('bus', clock, async (removal) => {
    if (hangs) await new Promise<never>(() => {})
    if (removal.kind === 'keys') taken.push(...removal.keys)
  })
  const first = outbox.send({ kind: 'keys', keys: ['first'], soft: false }, 500)
  await clock.advance(500)
  expect(await first).toBe(false)
  hangs = false
  await clock.advance(20_000)
  expect([taken, outbox.size]).toEqual([['first'], 0])
})

test('what a closed one did not deliver is not said to be taken', async () => {
  const outbox = new Outbox('bus', systemClock, () => Promise.reject(new Error('out of reach')))
  expect(await outbox.send({ kind: 'all' }, 10_000)).toBe(false)
  outbox.close()
  expect(await outbox.send({ kind: 'keys', keys: ['k'], soft: false }, 10_000)).toBe(false)
})
