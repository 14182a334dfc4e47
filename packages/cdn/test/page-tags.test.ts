import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pageTags } from '../src/page-tags.ts'
import type { TagRules } from '../src/provider.ts'
import { WireTags } from '../src/wire-tags.ts'
import { providers, read } from './rig.ts'

const known = new Map<string, WireTags>()
function wires(namespace: string): WireTags {
  const own = known.get(namespace) ?? new WireTags(namespace)
  known.set(namespace, own)
  return own
}

/** The names that removing one key or tag purges. */
const purgedBy = (kind: 'key' | 'tag', name: string): string[] => {
  const wire = wires('shop')[kind](name)
  return [wire.name, wire.overflow, wires('shop').overflowAll]
}

const part = fc.oneof(
  fc.constantFrom(
    'user',
    'city',
    'a',
    'UPPER',
    'sp ace',
    'com,ma',
    'cr\r\nlf',
    'ü',
    '*',
    '{x}',
    '~x',
    '=',
    '#',
  ),
  fc.string({ maxLength: 12 }),
)
const tag = fc.tuple(part, part).map(([a, b]) => `${a}:${b}`)
const key = fc.oneof(
  fc.tuple(part, part).map(([a, b]) => `=${a}:${b}`),
  fc.tuple(fc.constantFrom('user', 'city'), fc.nat(1000)).map(([name, id]) => `people#${name}@1:n${id}`),
  part.map((a) => `=${a}`),
)
const reads = fc.array(
  fc.tuple(key, fc.array(tag, { maxLength: 8 })).map(([key, tags]) => read({ key, tags: ['!n', ...tags] })),
  { minLength: 1, maxLength: 60 },
)
const rules: fc.Arbitrary<TagRules> = fc.record({
  header: fc.constant('x-tags'),
  separator: fc.constantFrom(' ' as const, ',' as const),
  maxTags: fc.integer({ min: 3, max: 200 }),
  maxBytes: fc.integer({ min: 64, max: 4000 }),
})

describe('the tags of a page', () => {
  test('fit the limits, and whatever it was made of is purged by name: coarser, never cut', () => {
    fc.assert(
      fc.property(reads, rules, (reads, rules) => {
        const { names } = pageTags(wires, reads, rules)
        expect(names.length).toBeLessThanOrEqual(rules.maxTags)
        expect(names.join(' ').length).toBeLessThanOrEqual(rules.maxBytes)
        expect(names.join(rules.separator).split(rules.separator)).toEqual(names)
        const carried = new Set(names)
        for (const { key, tags } of reads) {
          expect(purgedBy('key', key).some((name) => carried.has(name))).toBe(true)
          for (const tag of tags) expect(purgedBy('tag', tag).some((name) => carried.has(name))).toBe(true)
        }
        expect(carried.has(wires('shop').all)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('are found by the name of their group as well, which bulk removals purge', () => {
    fc.assert(
      fc.property(reads, rules, (reads, rules) => {
        const carried = new Set(pageTags(wires, reads, rules).names)
        for (const { key, tags } of reads) {
          for (const { group } of [wires('shop').key(key), ...tags.map((tag) => wires('shop').tag(tag))]) {
            const found = group === undefined || carried.has(group)
            expect(found || carried.has(wires('shop').overflowAll)).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('hold no byte that any vendor refuses or splits at, whatever keys and tags are', () => {
    fc.assert(
      fc.property(reads, (reads) => {
        for (const name of pageTags(wires, reads, { ...limitless }).names) {
          expect(name).toMatch(/^(?:[a-z0-9][a-z0-9._-]{0,59}|~[a-z2-7]{13})$/)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('on a page with many rows of one table give way to one that is purged with each of them', () => {
    const rows = Array.from({ length: 300 }, (_, id) =>
      read({ key: `#user@1:n${id}`, tags: ['!d#user@1', `user:${id}`] }),
    )
    const { tags } = providers().find(({ name }) => name === 'cloudfront')?.contract ?? {}
    const { names, coarsened } = pageTags(
      wires,
      [...rows, read({ key: '=menu', tags: ['menu'] })],
      tags as TagRules,
    )
    expect(coarsened).toBe(true)
    expect(names.length).toBeLessThan(10)
    // What had room stays exact.
    expect(names).toContain('menu')
    expect(names).toContain(wires('shop').key('=menu').name)
  })

  test('that every vendor takes as they are stay readable', () => {
    expect(wires('shop').tag('menu-2.b').name).toBe('menu-2.b')
    expect(wires('shop').tag('user:7').name).toMatch(/^~/)
    expect(wires('shop').tag('Menu').name).not.toBe(wires('shop').tag('menu').name)
  })

  test('of two namespaces differ, unless they are readable', () => {
    expect(wires('a').tag('user:7').name).not.toBe(wires('b').tag('user:7').name)
    expect(wires('a').all).not.toBe(wires('b').all)
  })
})

const limitless = {
  header: 'x-tags',
  separator: ' ',
  maxTags: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
} as const
