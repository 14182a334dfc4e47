import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import type { OutageOrder, OutageReport } from './outage.ts'
import { percentile } from './percentile.ts'

/* The application of the outage: readers, removals, and a second cache that stands for another process. */

const [url = '', directUrl = '', requests = '400', loadMs = '5'] = process.argv.slice(2)
const bulkhead = 64
const hotKeys = 50

const versions = new Map<number, number>()
let underWay = 0
let mostLoads = 0
const load = async (key: number) => {
  mostLoads = Math.max(mostLoads, ++underWay)
  const version = versions.get(key) ?? 1
  await sleep(Number(loadMs))
  underWay--
  return { key, version, text: 'x'.repeat(500) }
}
const open = (at: string) => {
  const cache = createCache({
    namespace: 'outage',
    tiers: [memory(), redis({ url: at })],
    ttl: '10m',
    bulkhead: { concurrentLoads: bulkhead },
  })
  return { cache, row: cache.define({ name: 'row', load }) }
}
const own = open(url)
const other = open(directUrl)

let cold: number[] = []
let hot: number[] = []
let errors = 0
let nextKey = hotKeys
/** The version below which nobody may read, by key: its removal was acknowledged. */
const promised = new Map<number, number>()
let changing = true

async function read(key: number, times: number[]): Promise<void> {
  const began = performance.now()
  const floor = promised.get(key) ?? 1
  try {
    const { version } = await own.row(key)
    if (version < floor) errors++
  } catch {
    errors++
  }
  times.push(performance.now() - began)
}

/** A row changes and is removed: no process may have the old one afterwards. */
async function change(): Promise<void> {
  const key = Math.floor(Math.random() * hotKeys)
  const version = (versions.get(key) ?? 1) + 1
  versions.set(key, version)
  await own.row.delete(key)
  promised.set(key, Math.max(version, promised.get(key) ?? 1))
}

const perTick = Number(requests) / 100
setInterval(() => {
  for (let i = 0; i < perTick; i++) {
    if (i % 4 === 0) void read(Math.floor(Math.random() * hotKeys), hot)
    else void read(nextKey++, cold)
  }
  if (changing && Math.random() < 0.2) void change()
}, 10)

function measured(): OutageReport {
  globalThis.gc?.()
  const report: OutageReport = {
    cold50: percentile(cold, 0.5),
    cold99: percentile(cold, 0.99),
    hot50: percentile(hot, 0.5),
    hot99: percentile(hot, 0.99),
    errors,
    mostLoads,
    heapMb: process.memoryUsage().heapUsed / 1e6,
    recoveredMs: Number.NaN,
    lost: 0,
  }
  cold = []
  hot = []
  errors = 0
  mostLoads = 0
  return report
}

/** Until Redis is used again and nothing waits for it. */
async function recovered(): Promise<number> {
  const began = performance.now()
  while (performance.now() - began < 20_000) {
    const { redis: far } = await own.cache.health()
    if (far.state === 'up' && own.cache.stats().tiers['redis']?.queued === 0) break
    await sleep(5)
  }
  return performance.now() - began
}

/** Keys of which another process, or one that starts now, still has an old row. */
async function lost(): Promise<number> {
  const fresh = open(directUrl)
  let count = 0
  for (const [key, floor] of promised) {
    const rows = [await own.row(key), await other.row(key), await fresh.row(key)]
    if (rows.some(({ version }) => version < floor)) count++
  }
  await fresh.cache.close()
  return count
}

const warm = setInterval(() => {
  for (let key = 0; key < hotKeys; key++) void other.row(key)
}, 100)

process.on('message', (order: OutageOrder) => {
  void answer(order)
})

async function answer(order: OutageOrder): Promise<void> {
  if (order === 'measure') process.send?.(measured())
  else if (order === 'recover') process.send?.({ ...measured(), recoveredMs: await recovered() })
  else {
    clearInterval(warm)
    changing = false
    // What is under way is done, and heard of.
    await sleep(700)
    process.send?.({ ...measured(), lost: await lost() })
  }
}
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
