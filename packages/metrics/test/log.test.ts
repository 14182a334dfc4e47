import { describe, expect, test } from 'vitest'
import { logEvents } from '../src/index.ts'
import type { LogOptions } from '../src/index.ts'
import { node } from './rig.ts'

function logged(options: LogOptions = {}) {
  const own = node()
  const lines: { level: string; fields: Record<string, unknown>; message: string }[] = []
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { ...own, lines, stop: logEvents(own.cache, logger, options) }
}

describe('log', () => {
  test('a tier that goes and comes back', async () => {
    await using own = logged()
    await own.clock.settle()
    own.tier.plan = () => 'drop'
    for (const key of ['a', 'b', 'c']) await own.cache.getOrSet(key, () => 1)
    own.tier.plan = {}
    await own.clock.advance(2_000)
    expect(own.lines.map(({ level, fields }) => [level, fields['event'], fields['tier']])).toEqual([
      ['error', 'degraded', 'store'],
      ['info', 'recovered', 'store'],
    ])
    expect(own.lines[0]?.fields['err']).toBeInstanceOf(Error)
  })

  test('neither inputs nor tags are told unless asked for', async () => {
    const secret = 'ada@example.org'
    const lines = async (options: LogOptions) => {
      await using own = logged(options)
      const row = own.cache.define({
        name: 'byMail',
        load: (_mail: string) => Promise.reject(new Error('down')),
      })
      await row(secret).catch(() => {})
      await own.cache.invalidateTags(secret)
      return own.lines
    }
    const hidden = await lines({})
    expect(JSON.stringify(hidden)).not.toContain('ada')
    expect(hidden[0]?.fields['key']).toMatch(/^#byMail@1:~[\da-f]{8}$/)
    expect(JSON.stringify(await lines({ keys: 'plain' }))).toContain(secret)
  })

  test('a source that fails again and again makes one line a second', async () => {
    await using own = logged()
    const row = own.cache.define({
      name: 'row',
      errorTtl: 0,
      load: (_id: number) => Promise.reject(new Error('down')),
    })
    for (let id = 0; id < 50; id++) await row(id).catch(() => {})
    expect(own.lines).toHaveLength(1)
  })

  test('after stopping, nothing is logged any more', async () => {
    await using own = logged()
    own.stop()
    await own.cache.delete('k')
    expect(own.lines).toEqual([])
  })
})
