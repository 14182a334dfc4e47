// What observing costs a hit: the same cache and the same hits, with each part on and off, in turns.
// Prints the least disturbed time of an awaited hit (the lowest quarter of the rounds), and its ratio to that without.
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { advisor, logEvents, measure, shadow, trace } from '../src/index.ts'
import { metricsPage } from '../src/prometheus.ts'

const rounds = Number(process.argv[2] ?? 25)
const hitsEach = 200_000
const keys = 1_000

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const page = metricsPage()
const spans = new SimpleSpanProcessor({ exporter: new InMemorySpanExporter() })
const tracerProvider = new TracerProvider({ spanProcessors: [spans] })
const silent = { debug() {}, info() {}, warn() {}, error() {} }

function fresh() {
  const cache = createCache({ namespace: 'cost', tiers: [memory()], ttl: '1h' })
  const row = cache.define({ name: 'row', load: (id: number) => Promise.resolve({ id }) })
  return { cache, row }
}

type Read = (id: number) => Promise<unknown>

const subjects: Readonly<Record<string, () => Read>> = {
  nothing: () => fresh().row,
  metrics() {
    const { cache, row } = fresh()
    measure(cache, { meterProvider: page.meterProvider })
    return row
  },
  traces() {
    const { cache, row } = fresh()
    trace(cache, { tracerProvider })
    return row
  },
  'metrics, traces, advisor, log'() {
    const { cache, row } = fresh()
    measure(cache, { meterProvider: page.meterProvider })
    trace(cache, { tracerProvider })
    advisor(cache)
    logEvents(cache, silent)
    return row
  },
  'shadow, 1 in 1000'() {
    const { cache, row } = fresh()
    return shadow(cache, row, { share: 0.001, settleMs: 0 })
  },
}

async function hits(read: Read): Promise<number> {
  const began = performance.now()
  for (let i = 0; i < hitsEach; i++) await read(i % keys)
  return ((performance.now() - began) * 1e6) / hitsEach
}

const lowerQuartile = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 4)] as number

const reads = Object.entries(subjects).map(([name, make]) => ({ name, read: make(), times: [] as number[] }))
for (const { read } of reads) {
  for (let id = 0; id < keys; id++) await read(id)
  await hits(read)
}
for (let round = 0; round < rounds; round++) {
  // Each goes first in its turn: what runs first after a scrape is slower.
  for (let i = 0; i < reads.length; i++) {
    const subject = reads[(round + i) % reads.length]
    subject?.times.push(await hits(subject.read))
  }
  // A scrape in between, as there would be.
  await page.text()
}
const base = lowerQuartile(reads[0]?.times ?? [])
for (const { name, times } of reads) {
  const ns = lowerQuartile(times)
  console.log(`${name.padEnd(30)} ${ns.toFixed(0).padStart(6)} ns a hit  × ${(ns / base).toFixed(2)}`)
}
process.exit(0)
