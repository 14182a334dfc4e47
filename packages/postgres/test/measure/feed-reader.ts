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
  | { readonly kind: 'compared'; readonly stale: number; readonly rows: number; readonly gaps: number }

const [databaseUrl = '', redisUrl = '', rows = '0'] = process.argv.slice(2)
const send = (message: FromReader) => process.send?.(message)
const now = () => performance.timeOrigin + performance.now()

const pool = new Pool({ connectionString: databaseUrl, max: 4 })
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

const pending = new Map<number, { version: number; at: number }[]>()

const shown: (readonly [number, number])[] = []

process.on('message', (message: ToReader) => {
  if (message.kind === 'compare') void compare()
  else
    for (const [id, wanted, at] of message.changes) {
      const waiting = pending.get(id)
      if (waiting) waiting.push({ version: wanted, at })
      else {
        pending.set(id, [{ version: wanted, at }])
        void watch(id)
      }
    }
})
process.on('disconnect', () => process.exit(0))

/** Reads one row until every change of it that was told of shows. */
async function watch(id: number): Promise<void> {
  for (;;) {
    const waiting = pending.get(id) ?? []
    if (waiting.length === 0) break
    const found = await version(id).catch(() => -1)
    const at = now()
    for (const one of waiting) if (one.version <= found) shown.push([one.at, at - one.at])
    pending.set(
      id,
      (pending.get(id) ?? []).filter((one) => one.version > found),
    )
    // A late change is looked for less often, or looking would be all that the machine does.
    const age = at - Math.min(at, ...waiting.map((one) => one.at))
    await new Promise((resolve) => setTimeout(resolve, Math.max(5, age / 10)))
  }
  pending.delete(id)
}

async function compare(): Promise<void> {
  const ids = Array.from({ length: Number(rows) }, (_, i) => i + 1)
  const cached = await version.many(ids)
  const truth = await versions(ids)
  const stale = ids.filter((id, i) => cached[i] !== truth.get(id)).length
  send({ kind: 'compared', stale, rows: ids.length, gaps: feed.stats().gaps })
}

await feed.ready()
send({ kind: 'ready' })
setInterval(() => {
  if (shown.length > 0) send({ kind: 'shown', delays: shown.splice(0) })
}, 100)
