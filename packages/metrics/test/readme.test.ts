import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { adminOptionNames } from '../src/admin-options.ts'
import { instruments } from '../src/index.ts'
import { measureOptionNames } from '../src/measure.ts'
import { livePageOptionNames } from '../src/live/options.ts'
import { logOptionNames } from '../src/log.ts'
import { shadowOptionNames } from '../src/shadow.ts'
import { traceOptionNames } from '../src/trace.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** First cells of the tables in the section with that title. */
function listed(title: string): (string | undefined)[] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(title)) ?? ''
  return [...section.matchAll(/^\| `([\w.]+)` +\|/gm)].map(([, name]) => name)
}

describe('the read-me lists', () => {
  test('every option of measure and every metric', () => {
    const names = Object.values(instruments).map(({ name }) => name)
    expect(listed('Metrics')).toEqual([...measureOptionNames, ...names])
  })

  test('every option of the shadow and the log', () => {
    expect(listed('How stale')).toEqual(shadowOptionNames)
    expect(listed('The log')).toEqual(logOptionNames)
  })

  test('every option of trace', () => {
    expect(listed('Traces')).toEqual(traceOptionNames)
  })

  test('every option of the admin endpoint', () => {
    expect(listed('The admin endpoint')).toEqual(adminOptionNames)
  })

  test('every option that the live page has beside those', () => {
    expect([...adminOptionNames, ...listed('The live page')]).toEqual(livePageOptionNames)
  })
})
