import { expect, test } from 'vitest'
import { fakeClock } from '../src/index.ts'

test('time stands still until it is moved', async () => {
  const clock = fakeClock({ now: 5, wall: 1_000 })
  expect([clock.now(), clock.wall()]).toEqual([5, 1_000])
  await clock.advance(20)
  expect([clock.now(), clock.wall()]).toEqual([25, 1_020])
})

test('callbacks run in order of time, each at its own instant, and those they set within the same move', async () => {
  const clock = fakeClock({ now: 0 })
  const ran: string[] = []
  clock.after(20, () => ran.push(`late ${clock.now()}`))
  clock.after(10, () => {
    ran.push(`early ${clock.now()}`)
    clock.after(5, () => ran.push(`nested ${clock.now()}`))
  })
  clock.after(10, () => ran.push(`second ${clock.now()}`))
  clock.after(31, () => ran.push('too late'))
  await clock.advance(30)
  expect(ran).toEqual(['early 10', 'second 10', 'nested 15', 'late 20'])
  expect(clock.pending).toBe(1)
  expect(clock.now()).toBe(30)
})

test('promises settle between two callbacks', async () => {
  const clock = fakeClock()
  const ran: string[] = []
  clock.after(
    1,
    () =>
      void Promise.resolve()
        .then(() => new Promise(setImmediate))
        .then(() => ran.push('settled')),
  )
  clock.after(2, () => ran.push('second'))
  await clock.advance(2)
  expect(ran).toEqual(['settled', 'second'])
})

test('a cancelled callback does not run', async () => {
  const clock = fakeClock()
  const cancel = clock.after(1, () => expect.unreachable())
  expect(clock.pending).toBe(1)
  cancel()
  expect(clock.pending).toBe(0)
  await clock.advance(5)
})

test('the wall clock jumps alone', async () => {
  const clock = fakeClock({ now: 0, wall: 0 })
  let ran = false
  clock.after(10, () => {
    ran = true
  })
  clock.jumpWall(-5_000)
  expect([clock.now(), clock.wall()]).toEqual([0, -5_000])
  await clock.advance(10)
  expect(ran).toBe(true)
  expect(clock.wall()).toBe(-4_990)
})
