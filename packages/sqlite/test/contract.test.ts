import { fakeClock, structuredCodec, tierContract } from '@tierstack/cache-testing'
import { afterAll, describe, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqlite } from '../src/index.ts'

describe('a file that several connections share', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tierstack sqlite '))
  afterAll(() => rmSync(folder, { recursive: true }))
  const clock = fakeClock()
  const make = () => sqlite({ path: join(folder, 'cache.db'), codec: structuredCodec })
  tierContract(make, { test, clock, wait: (ms) => clock.advance(ms), schedules: 50 })
})
