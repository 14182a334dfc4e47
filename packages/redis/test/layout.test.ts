import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketsOf, Layout } from '../src/layout.ts'
import { slotOf } from '../src/slot.ts'

const word = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/)
const epoch = fc.stringMatching(/^[A-Za-z0-9_-]{16}$/)
const key = fc.oneof(fc.string(), fc.constantFrom('seq', 't:x', 'epoch', ':', '#', '{a}', 'x'.repeat(600)))

function allNames(layout: Layout, at: string, of: string): string[] {
  const bucket = layout.bucketOf(of)
  return [
    layout.entry(bucket, at, of),
    layout.marker(of),
    layout.sequence(bucket),
    layout.epoch(bucket),
    layout.channel(bucket),
    layout.pulse(bucket, at),
    layout.run,
    layout.tagClock,
  ]
}

for (const buckets of [undefined, 1, 64]) {
  test(`no two namespaces share a name, nor two things in one, with ${buckets ?? 'no'} buckets`, () => {
    fc.assert(
      fc.property(word, word, word, word, epoch, key, key, (p1, n1, p2, n2, at, k1, k2) => {
        const mine = allNames(new Layout(p1, n1, buckets), at, k1)
        expect(new Set(mine).size).toBe(mine.length)
        if (p1 === p2 && n1 === n2) return
        const theirs = new Set(allNames(new Layout(p2, n2, buckets), at, k2))
        expect(mine.filter((name) => theirs.has(name))).toEqual([])
      }),
    )
  })
}

test('two keys never share a name', () => {
  const layout = new Layout('ts', 'shop', undefined)
  const names = [
    '',
    'a',
    'a ',
    'A',
    'é',
    'e\u0301',
    'x'.repeat(512),
    'x'.repeat(513),
    'x'.repeat(514),
    '😀'.repeat(200),
  ]
  expect(new Set(names.map((name) => layout.entry(0, 'e'.repeat(16), name))).size).toBe(names.length)
  for (const name of names) expect(Buffer.byteLength(layout.entry(0, 'e'.repeat(16), name))).toBeLessThan(600)
})

test('everything of a bucket is in one slot of a Cluster, which the hash tag gives', () => {
  const layout = new Layout('ts', 'shop', 64)
  const tagOf = (name: string) => /\{([^}]*)\}/.exec(name)?.[1]
  for (const of of ['a', 'b', '}{', '{x}']) {
    const bucket = layout.bucketOf(of)
    expect(tagOf(layout.entry(bucket, 'e'.repeat(16), of))).toBe(`shop:${bucket}`)
    expect(tagOf(layout.marker(of))).toBe(`shop:${bucket}`)
    expect(layout.slotOf(bucket)).toBe(slotOf(`shop:${bucket}`))
  }
  expect(layout.slots.size).toBeGreaterThan(60)
})

test('slots are those of the Cluster specification', () => {
  expect(slotOf('123456789')).toBe(0x31c3 % 16_384)
  expect(slotOf('foo')).toBe(12_182)
  expect(slotOf('')).toBe(0)
})

test('an epoch tells the number of buckets that it was made for', () => {
  for (const buckets of [undefined, 1, 2, 64, 4096]) {
    const layout = new Layout('ts', 'shop', buckets)
    const made = layout.newEpoch()
    expect(made).toMatch(/^[\w-]{16}$/)
    expect(layout.newEpoch()).not.toBe(made)
    expect(layout.owns(made)).toBe(true)
    expect(bucketsOf(made)).toBe(buckets ?? 1)
    expect(new Layout('ts', 'shop', 7).owns(made)).toBe(false)
  }
  expect(bucketsOf('')).toBeNaN()
})
