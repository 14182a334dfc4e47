import { describe, expect, test } from 'vitest'
import { Journal } from '../src/journal.ts'

describe('journal', () => {
  test('one mark per name: a later one replaces it, and what was hard stays hard', () => {
    const journal = new Journal()
    journal.addKeys(['a', 'b'], true)
    journal.addKeys(['a'], false)
    journal.addKeys(['a'], true)
    journal.addTags(['t'], true)
    expect(journal.size).toBe(3)
    expect(journal.page()).toMatchObject({
      all: false,
      keys: ['a'],
      softKeys: ['b'],
      tags: [],
      softTags: ['t'],
    })
  })

  test('keeps the keys and tags that it holds away from the tier', () => {
    const journal = new Journal()
    journal.addKeys(['a'], false)
    journal.addTags(['t'], false)
    expect([
      journal.fences('a'),
      journal.fences('b'),
      journal.fencesTag('t'),
      journal.fencesTag('u'),
    ]).toEqual([true, false, true, false])
  })

  test('past its limit it forgets the names and asks for everything to be cleared', () => {
    const journal = new Journal(3)
    journal.addKeys(['a', 'b', 'c'], false)
    expect(journal.page().all).toBe(false)
    journal.addTags(['t'], false)
    expect(journal.size).toBe(1)
    expect(journal.page()).toMatchObject({ all: true, keys: [], tags: [] })
    expect(journal.fences('anything')).toBe(true)
    expect(journal.fencesTag('anything')).toBe(true)
    journal.addKeys(
      Array.from({ length: 100 }, (_, i) => `${i}`),
      false,
    )
    expect(journal.size).toBe(1)
  })

  test('confirming strikes out what was replayed, and leaves what came meanwhile', () => {
    const journal = new Journal()
    journal.addKeys(['a', 'b'], false)
    const page = journal.page()
    journal.addKeys(['b', 'c'], false)
    page.confirm()
    expect(journal.page().keys).toEqual(['b', 'c'])
    journal.addAll()
    const all = journal.page()
    journal.addKeys(['d'], false)
    all.confirm()
    expect(journal.page().all).toBe(true)
    journal.page().confirm()
    expect(journal.size).toBe(0)
  })
})
