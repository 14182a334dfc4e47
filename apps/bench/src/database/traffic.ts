import type { Contestant } from '../library.ts'
import type { Metrics } from '../sample.ts'
import { percentile } from '../statistics.ts'
import type { Row, Source } from './source.ts'

export interface Traffic {
  readonly contestant: Contestant
  readonly source: Source
  /** Rows in the order in which they are asked for. */
  readonly ids: { next(): number }
  readonly callers: number
  readonly ms: number
  /** Share of requests that change their row. */
  readonly writes: number
  readonly random: () => number
  /** Version of each row that this process committed and took back from the cache. */
  readonly acknowledged: Uint32Array
}

/** Requests as a service gets them, each read checked against what this process knows to be committed. */
export async function serve(o: Traffic): Promise<Metrics> {
  const { contestant, source, acknowledged } = o
  const times: number[] = []
  const readsBefore = source.reads
  let requests = 0
  let stale = 0
  let end = 0
  const write = async (id: number) => {
    const version = await source.write(id)
    await contestant.remove(`row:${id}`)
    acknowledged[id] = Math.max(acknowledged[id] as number, version)
  }
  const read = async (id: number) => {
    const known = acknowledged[id] as number
    const began = performance.now()
    const row = (await contestant.read(`row:${id}`)) as Row
    times.push(performance.now() - began)
    if (row.id !== id) throw new Error(`wrong row for ${id}`)
    if (row.version < known) stale++
  }
  const caller = async () => {
    while (performance.now() < end) {
      const id = o.ids.next()
      await (o.random() < o.writes ? write(id) : read(id))
      requests++
      // A caller that is answered from memory leaves the thread to others now and then, as requests do.
      if (requests % 50 === 0) await new Promise(setImmediate)
    }
  }
  const cpu = process.cpuUsage()
  const began = performance.now()
  end = began + o.ms
  await Promise.all(Array.from({ length: o.callers }, caller))
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return {
    perSecond: requests / seconds,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    cpu: (user + system) / requests,
    sourceReads: (1_000 * (source.reads - readsBefore)) / times.length,
    reads: times.length,
    stale,
  }
}

/** Rows that the cache goes on giving wrong although nothing changes any more. */
export async function leftStale(
  contestant: Contestant,
  source: Source,
  ids: readonly number[],
): Promise<number> {
  const versions = await source.versions(ids)
  const rows = await Promise.all(ids.map(async (id) => (await contestant.read(`row:${id}`)) as Row))
  return rows.filter(({ id, version }) => version < (versions.get(id) as number)).length
}
