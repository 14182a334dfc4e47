// One reading process of `feed.ts`: a cache over memory and Redis, a feed that may hold the slot, and a look at every
// change until it shows.
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { Pool } from 'pg'
import { changeFeed, logicalReplication } from '../../src/index.ts'

/** A change: row, version, and when its commit was acknowledged (ms since 1970, with fractions). */
export type Written = readonly [id: number, version: number, at: number]

export type ToReader =
  | { readonly kind: 'written'; readonly changes: readonly Written[] }
  | { readonly kind: 'compare' }

export type FromReader =
  | { readonly kind: 'ready' }
  | { readonly kind: 'state'; readonly state: string }
  | { readonly kind: 'shown'; readonly delays: readonly (readonly [at: number, ms: number])[] }
  | {
      readonly kind: 'compared'
      readonly stale: number
      readonly rows: number
      readonly gaps: number
      readonly reads: number
      readonly cpuMs: number
    }

const [databaseUrl = '', redisUrl = '', rows = '0', share = '1'] = process.argv.slice(2)
const send = (message: FromReader) => process.send?.(message)
const now = () => performance.timeOrigin + performance.now()
const rowsPerRequest = 20
const everyMs = 10

const connections = 4
const pool = new Pool({ connectionString: databaseUrl, max: connections })
pool.on('error', () => {})
const versions = async (ids: readonly number[]): Promise<Map<number, number>> => {
  const found = await pool.query('select id, version from measured where id = any($1)', [ids])
  return new Map(found.rows.map((row) => [Number(row.id), Number(row.version)]))
}
const cache = createCache({
  namespace: 'measure',
  tiers: [memory(), redis({ url: redisUrl })],
  ttl: '1h',
  timeouts: { hard: '1m' },
  // What waits for a connection waits together.
  bulkhead: { concurrentLoads: connections },
  // A load that failed while the database was away is tried again soon: for as long as this, its readers get an error,
  // never the old row, but the change doesn't show either. By default a second.
  errorTtl: '50ms',
})
const version = cache.define({
  name: 'version',
  load: async (id: number) => (await versions([id])).get(id) ?? -1,
  loadMany: versions,
  tags: (_, id) => [`measured:${id}`],
})
const feed = changeFeed({
  cache,
  source: logicalReplication({
    connection: databaseUrl,
    tables: ['measured'],
    slot: 'measure',
    silence: '2s',
    takeOver: '200ms',
  }),
})
feed.on('state', ({ state }) => send({ kind: 'state', state }))

/** Changes of a row that don't show yet. */
interface Awaited {
  readonly changes: { readonly version: number; readonly at: number }[]
  reading: boolean
}

const pending = new Map<number, Awaited>()
const shown: (readonly [number, number])[] = []
const spent = { reads: 0, cpu: process.cpuUsage() }

process.on('message', (message: ToReader) => {
  if (message.kind === 'compare') void compare()
  else
    for (const [id, wanted, at] of message.changes) {
      if (Math.random() >= Number(share)) continue
      const waiting = pending.get(id)
      if (waiting) waiting.changes.push({ version: wanted, at })
      else pending.set(id, { changes: [{ version: wanted, at }], reading: false })
    }
})
process.on('disconnect', () => process.exit(0))

/** One request, as of a page that shows some rows: reads them through the cache, and notes which changes show. */
async function request(ids: readonly number[]): Promise<void> {
  spent.reads += ids.length
  const found = await version.many(ids).catch(() => [])
  const at = now()
  for (const [i, id] of ids.entries()) {
    const awaited = pending.get(id) as Awaited
    awaited.reading = false
    const seen = found[i] ?? -1
    const late = awaited.changes.filter((change) => change.version > seen)
    for (const change of awaited.changes) if (change.version <= seen) shown.push([change.at, at - change.at])
    if (late.length === 0) pending.delete(id)
    else awaited.changes.splice(0, awaited.changes.length, ...late)
  }
}

/** What an application reads besides: a thousand rows a second, whatever changes. */
function browse(): void {
  const ids = Array.from({ length: rowsPerRequest }, () => 1 + Math.floor(Math.random() * Number(rows)))
  spent.reads += ids.length
  void version.many(ids).catch(() => {})
}

/** Rows that a change is awaited of are asked for every 10 ms, each by one request at a time. */
function look(): void {
  const ids = [...pending].flatMap(([id, { reading }]) => (reading ? [] : [id]))
  for (let at = 0; at < ids.length; at += rowsPerRequest) {
    const some = ids.slice(at, at + rowsPerRequest)
    for (const id of some) (pending.get(id) as Awaited).reading = true
    void request(some)
  }
}

async function compare(): Promise<void> {
  const ids = Array.from({ length: Number(rows) }, (_, i) => i + 1)
  const cached = await version.many(ids)
  const truth = await versions(ids)
  const stale = ids.filter((id, i) => cached[i] !== truth.get(id)).length
  const { user, system } = process.cpuUsage(spent.cpu)
  send({
    kind: 'compared',
    stale,
    rows: ids.length,
    gaps: feed.stats().gaps,
    reads: spent.reads,
    cpuMs: (user + system) / 1_000,
  })
}

await feed.ready()
send({ kind: 'ready' })
setInterval(look, everyMs)
if (Number(share) < 1) setInterval(browse, 20)
setInterval(() => {
  if (shown.length > 0) send({ kind: 'shown', delays: shown.splice(0) })
}, 100)
