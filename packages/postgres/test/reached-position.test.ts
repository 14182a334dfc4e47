import { expect, test } from 'vitest'
import { ReachedPosition } from '../src/reached-position.ts'

function reached(): { readonly position: ReachedPosition; readonly clock: { now: number } } {
  const clock = { now: 0 }
  return { position: new ReachedPosition(() => clock.now), clock }
}

test('begins where it has got, also on a server that tells of less since it was killed', () => {
  const { position } = reached()
  expect(position.start('a/1', 500n)).toBe(0n)
  position.note('a/1', 300n)
  position.note('a/1', 200n)
  expect(position.start('a/1', 500n)).toBe(300n)
})

test('leaves it to the slot on another server, on another timeline, and where the log ends before', () => {
  const { position } = reached()
  position.note('a/1', 300n)
  expect(position.start('b/1', 500n)).toBe(0n)
  expect(position.start('a/2', 500n)).toBe(0n)
  expect(position.start('a/1', 299n)).toBe(0n)
  position.note('a/2', 100n)
  expect(position.start('a/2', 500n)).toBe(100n)
  expect(position.start('a/1', 500n)).toBe(0n)
})

test('does not go by what it knew a minute ago: the server may be a copy of then', () => {
  const { position, clock } = reached()
  position.note('a/1', 300n)
  clock.now = 59_000
  expect(position.start('a/1', 500n)).toBe(300n)
  // What a restored server tells is less, and makes the other no younger.
  position.note('a/1', 200n)
  clock.now = 61_000
  expect(position.start('a/1', 500n)).toBe(0n)
})
