import assert from 'node:assert/strict'
import type { LocalEntry, LocalTier } from '@tierstack/cache-core'
import { fakeClock } from '../fake-clock.ts'
import { weirdNames } from './rig.ts'

export interface LocalContractOptions {
  /** Registers one test, as the `test` of vitest, `node:test`, jest and mocha do. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
}

/** An entry that is fresh for ever and weighs ten bytes, unless told otherwise. */
export function localEntry(value: unknown, parts: Partial<LocalEntry> = {}): LocalEntry {
  return {
    value,
    input: undefined,
    createdAt: 0,
    freshUntil: Infinity,
    staleUntil: Infinity,
    errorUntil: Infinity,
    quickUntil: Infinity,
    soft: false,
    stamp: '',
    tags: [],
    slots: [],
    seen: 0,
    loadMs: 0,
    etag: undefined,
    vouchedAt: 0,
    provisional: false,
    usedAt: 0,
    idleTtl: Infinity,
    isolation: 'frozen',
    bytes: 10,
    ...parts,
  }
}

/**
 * Registers the tests that every local tier must pass. `make` returns a new tier with room for a few hundred small
 * entries at least.
 * @example
 * localContract(() => memory(), { test })
 */
export function localContract(make: () => LocalTier, { test }: LocalContractOptions): void {
  const check = (name: string, run: (tier: LocalTier, evicted: string[]) => void) =>
    test(name, () => {
      const evicted: string[] = []
      const tier = make()
      tier.open({ clock: fakeClock(), evicted: (key, cause) => evicted.push(`${key()} ${cause}`) })
      run(tier, evicted)
      return Promise.resolve()
    })

  check('what was set comes back as it was, whatever its value', (tier) => {
    const entries = [null, 0, '', false, Number.NaN, undefined, { a: 1 }].map((value) => localEntry(value))
    for (const [i, entry] of entries.entries()) assert.equal(tier.set(`k${i}`, entry), true)
    for (const [i, entry] of entries.entries()) {
      assert.equal(tier.get(`k${i}`)?.value, entry.value)
      assert.deepEqual({ ...tier.inspect(`k${i}`), input: undefined }, entry)
    }
    assert.equal(tier.get('missing'), undefined)
    assert.equal(tier.inspect('missing'), undefined)
  })

  check('an entry replaces the one of the same key, and is not reported as evicted', (tier, evicted) => {
    tier.set('k', localEntry('old', { bytes: 100 }))
    const before = tier.bytes
    tier.set('k', localEntry('new', { bytes: 40 }))
    assert.equal(tier.get('k')?.value, 'new')
    assert.equal(tier.size, 1)
    assert.equal(before - tier.bytes, 60)
    assert.deepEqual(evicted, [])
  })

  check('delete says whether there was an entry, and is not reported as evicted', (tier, evicted) => {
    tier.set('k', localEntry(1))
    assert.equal(tier.delete('k'), true)
    assert.equal(tier.delete('k'), false)
    assert.equal(tier.get('k'), undefined)
    assert.deepEqual([tier.size, tier.bytes, evicted], [0, 0, []])
  })

  check('clear leaves nothing, and the tier goes on', (tier) => {
    for (let i = 0; i < 50; i++) tier.set(`k${i}`, localEntry(i))
    tier.clear()
    assert.deepEqual([tier.size, tier.bytes, [...tier.keys()]], [0, 0, []])
    tier.set('k', localEntry('again'))
    assert.equal(tier.get('k')?.value, 'again')
  })

  check('keys of every alphabet live apart', (tier) => {
    for (const [i, key] of weirdNames.entries()) tier.set(key, localEntry(i))
    for (const [i, key] of weirdNames.entries()) assert.equal(tier.get(key)?.value, i)
    assert.deepEqual([...tier.keys()].toSorted(), weirdNames.toSorted())
    assert.equal(tier.size, weirdNames.length)
  })

  check('bytes count values and keys, and come back down to nothing', (tier) => {
    tier.set('k', localEntry(1, { bytes: 1_000 }))
    const one = tier.bytes
    assert(one >= 1_000)
    tier.set('k'.repeat(500), localEntry(1, { bytes: 1_000 }))
    assert(tier.bytes >= one * 2 + 499)
    for (const key of tier.keys()) tier.delete(key)
    assert.equal(tier.bytes, 0)
  })

  check('keys may be used, deleted and added while they are walked', (tier) => {
    for (let i = 0; i < 100; i++) tier.set(`k${i}`, localEntry(i))
    const seen: string[] = []
    for (const key of tier.keys()) {
      seen.push(key)
      if (seen.length > 500) break
      tier.get(key)
      if (seen.length % 2 === 0) tier.delete(key)
      if (seen.length === 10) tier.set('added', localEntry(0))
    }
    for (let i = 0; i < 100; i++) assert(seen.includes(`k${i}`), `k${i} was not seen`)
    assert.equal(new Set(seen).size, seen.length)
    tier.clear()
  })

  check('a tier serves one cache', (tier) => {
    assert.throws(() => tier.open({ clock: fakeClock(), evicted: () => undefined }))
  })
}
