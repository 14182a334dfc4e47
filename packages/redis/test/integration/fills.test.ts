import { until } from '@tierstack/test-services'
import { expect, inject, test } from 'vitest'
import type { Opened } from '../rig.ts'
import { openTier } from '../rig.ts'

const expiresAt = () => Date.now() + 60_000

async function fences(opened: Opened, keys: readonly string[]): Promise<string[]> {
  const { reads } = await opened.coherence.lease(keys, 10_000, false)
  return reads.map((read) => (read.state === 'leased' ? read.fence : read.state))
}

const keys = ['plain', 'größer', 'with:colon', `long-${'x'.repeat(600)}`, `lang-${'ü'.repeat(300)}`]

test('fills that go together are each told to those who wait, by their keys', async () => {
  await using filler = await openTier({ url: inject('redisUrl') }, 'fills-told')
  await using waiter = await openTier({ url: inject('redisUrl') }, 'fills-told')
  const granted = await fences(filler, keys)
  // Nobody waits for the first.
  for (const key of keys.slice(1)) expect(await waiter.lease(key)).toBe('busy')
  const outcomes = await filler.coherence.fill(
    keys.map((key, i) => ({
      key,
      fence: granted[i] as string,
      bytes: Buffer.from(`of ${i}`),
      expiresAt: expiresAt(),
    })),
  )
  expect(outcomes).toEqual(keys.map(() => 'stored'))
  const woken = () => waiter.heard.filter((heard) => heard.startsWith('filled'))
  await until('the last wake-up', () => Promise.resolve(woken().length >= keys.length - 1))
  expect(woken()).toEqual(keys.slice(1).map((key) => `filled ${key}`))
  for (const [i, key] of keys.entries()) expect(await waiter.get(key)).toBe(`of ${i}`)
})

test('of fills that go together, those are refused whose leases are gone', async () => {
  await using opened = await openTier({ url: inject('redisUrl') }, 'fills-fenced')
  const granted = await fences(opened, keys)
  await opened.tier.delete([keys[1] as string, keys[3] as string])
  await opened.put(keys[2] as string, 'newer')
  const bytes = Buffer.from('late')
  const outcomes = await opened.coherence.fill(
    keys.map((key, i) => ({ key, fence: granted[i] as string, bytes, expiresAt: expiresAt() })),
  )
  expect(outcomes).toEqual(['stored', 'fenced', 'fenced', 'fenced', 'stored'])
  const values = await Promise.all(keys.map((key) => opened.get(key)))
  expect(values).toEqual(['late', undefined, 'newer', undefined, 'late'])
})

test('leases and claims of values are filled together, each under its own', async () => {
  await using opened = await openTier({ url: inject('redisUrl') }, 'fills-claims')
  for (const key of ['old', 'changed']) await opened.put(key, 'before')
  const frames = await opened.tier.read(['old', 'changed'])
  const items = ['old', 'changed'].map((key, i) => ({ key, stamp: frames[i]?.stamp as string }))
  const claims = await opened.coherence.claim(items, 10_000)
  const [lease] = await fences(opened, ['new'])
  await opened.put('changed', 'newer')
  const given = { old: claims[0], changed: claims[1], new: lease }
  const outcomes = await opened.coherence.fill(
    Object.entries(given).map(([key, fence]) => ({
      key,
      fence: fence as string,
      bytes: Buffer.from('after'),
      expiresAt: expiresAt(),
    })),
  )
  expect(outcomes).toEqual(['stored', 'fenced', 'stored'])
  const values = await Promise.all(Object.keys(given).map((key) => opened.get(key)))
  expect(values).toEqual(['after', 'newer', 'after'])
})

test('more than one script takes is filled by several, and what is too large for the tier not at all', async () => {
  await using opened = await openTier({ url: inject('redisUrl'), maxValueBytes: 3_000_000 }, 'fills-many')
  const many = Array.from({ length: 600 }, (_, i) => `k${i}`)
  const granted = await fences(opened, many)
  const sizeOf = (i: number) => (i === 7 ? 3_000_001 : i % 100 === 1 ? 1_500_000 : 10)
  const outcomes = await opened.coherence.fill(
    many.map((key, i) => ({
      key,
      fence: granted[i] as string,
      bytes: Buffer.alloc(sizeOf(i), key),
      expiresAt: i === 9 ? Number.POSITIVE_INFINITY : expiresAt(),
    })),
  )
  expect(outcomes).toEqual(many.map((_, i) => (i === 7 ? 'too-large' : 'stored')))
  const frames = await opened.tier.read(many)
  const wrong = many.filter((key, i) => {
    const expected = i === 7 ? undefined : Buffer.alloc(sizeOf(i), key)
    const bytes = frames[i]?.bytes
    return bytes === undefined || expected === undefined ? bytes !== expected : !expected.equals(bytes)
  })
  expect(wrong).toEqual([])
})
