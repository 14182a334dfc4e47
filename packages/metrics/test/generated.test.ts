import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { generatedFiles } from '../generate/files.ts'
import { seriesName } from '../generate/exporter.ts'
import { instruments } from '../src/index.ts'
import { measured, node, samplesOf } from './rig.ts'

describe('monitoring/', () => {
  test.each([...generatedFiles()])('%s is what the code makes: else run `pnpm generate`', (name, text) => {
    expect(readFileSync(new URL(`../monitoring/${name}`, import.meta.url), 'utf8')).toBe(text)
  })

  test('the names for the JavaScript exporter are those that it gives', async () => {
    await using own = node()
    const { page } = measured(own.cache, { feeds: { orders: () => 1 } })
    await own.cache.getOrSet('k', () => 1)
    await own.cache.drain()
    const given = new Set(
      samplesOf(await page.text())
        .map(({ name }) => name.replace(/_(bucket|sum|count)$/, ''))
        .filter((name) => name.startsWith('cache_')),
    )
    const named = new Set(
      (Object.keys(instruments) as (keyof typeof instruments)[]).map((key) => seriesName(key, 'javascript')),
    )
    expect([...given].filter((name) => !named.has(name))).toEqual([])
    expect(given.size).toBeGreaterThan(30)
  })

  test('the Collector puts the unit before the suffix of a counter', () => {
    expect(seriesName('saved', 'collector')).toBe('cache_saved_time_seconds_total')
    expect(seriesName('loadDuration', 'collector')).toBe('cache_load_duration_seconds')
    expect(seriesName('size', 'collector')).toBe('cache_size_bytes')
    expect(seriesName('hits', 'collector')).toBe('cache_hits_total')
    expect(seriesName('breakerState', 'collector')).toBe('cache_breaker_state')
  })
})
