import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('programs/allocations.ts', import.meta.url))

// Counted, not timed: nothing is collected while the hits are counted, as the young generation holds all of them.
const flags = [
  '--conditions=@tierstack/source',
  '--disable-warning=ExperimentalWarning',
  '--expose-gc',
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
]

test('a peek allocates nothing of its own, an awaited hit a promise and what awaiting it takes', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program])
  const { peek, read, loads } = JSON.parse(stdout) as { peek: number; read: number; loads: number }
  // One reading of the clock serves 32 hits, and is a number of 16 bytes.
  expect(peek).toBeLessThan(1)
  expect(Math.round(read)).toBeGreaterThan(0)
  expect(Math.round(read)).toBeLessThanOrEqual(250)
  expect(loads).toBe(1_000)
})
