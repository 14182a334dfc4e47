import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createCache } from '@tierstack/cache-core'
import type { Tier } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { Closing } from '../src/closing.ts'
import { countPageViews, openViewStore } from '../src/page-views.ts'

const rounds = 3
const acknowledgedPerRound = 60

export interface Counted {
  readonly id: number
  /** Views that were acknowledged. */
  readonly acknowledged: number
  /** What a new process reads, before and after everything is saved. */
  readonly read: number
  readonly saved: number
}

/** Counts page views in three processes, one after the other, each killed with SIGKILL in the middle of it. */
export async function countAndKill(where: {
  readonly folder: string | undefined
  readonly databaseUrl: string | undefined
}): Promise<readonly Counted[]> {
  const acknowledged = new Map([1, 2, 3].map((id) => [id, 0]))
  for (let round = 0; round < rounds; round++) {
    const child = fork(
      new URL('page-view-process.ts', import.meta.url),
      [where.folder ?? '', ...(where.databaseUrl ? [where.databaseUrl] : [])],
      { execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'] },
    )
    let left = acknowledgedPerRound
    const exit = once(child, 'exit')
    child.on('message', ({ id, counts }: { id: number; counts: readonly number[] }) => {
      acknowledged.set(id, (acknowledged.get(id) ?? 0) + counts.length)
      if (--left === 0) child.kill('SIGKILL')
    })
    const [code, signal] = (await exit) as [number | null, string | null]
    if (signal !== 'SIGKILL') throw new Error(`the process ended by itself with ${code}`)
  }
  const closing = new Closing()
  const store = await openViewStore(where, closing)
  const tiers: readonly Tier[] = [memory()]
  const cache = createCache({ namespace: 'views-test', tiers, writeQueue: store.queue })
  closing.add('cache', () => cache.close())
  const views = countPageViews(cache, store.table)
  const read = await Promise.all([...acknowledged.keys()].map((id) => views.of(id)))
  await views.flush()
  const saved = await store.table.load([...acknowledged.keys()])
  await closing.close((what, error) => {
    throw new Error(`the ${what} did not close`, { cause: error })
  })
  return [...acknowledged].map(([id, count], i) => ({
    id,
    acknowledged: count,
    read: read[i] ?? -1,
    saved: saved.get(id) ?? -1,
  }))
}

/** Of each killed process, the two views that it was counting may be there without having been acknowledged. */
export const mostUnacknowledged: number = 2 * rounds
