import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'

/* Bytes that a hit in memory allocates, `peek` and awaited, as JSON. Needs --expose-gc and room for what the hits allocate. */

const cache = createCache({ namespace: 'count', tiers: [memory()], ttl: '1h' })
const row = cache.define({ name: 'row', load: (key: string) => Promise.resolve({ key }) })
const keys = Array.from({ length: 1_000 }, (_, i) => `row:${i}`)
for (const key of keys) await row(key)

let kept: unknown

function peeks(hits: number): void {
  for (let i = 0; i < hits; i++) kept = row.peek(keys[i % keys.length] as string)
}

async function reads(hits: number): Promise<void> {
  for (let i = 0; i < hits; i++) kept = await row(keys[i % keys.length] as string)
}

/** The least of several runs: the first ones also allocate what compiling needs. */
async function bytesEach(hits: number, run: (hits: number) => void | Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 8; i++) {
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    await run(hits)
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / hits)
  }
  return least
}

const peek = await bytesEach(1_000_000, peeks)
const read = await bytesEach(250_000, reads)
if (kept === undefined) throw new Error('there was no hit')
console.log(JSON.stringify({ peek, read, loads: cache.stats().definitions['row']?.loads }))
await cache.close()
