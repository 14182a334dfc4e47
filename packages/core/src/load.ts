import { isDeepStrictEqual } from 'node:util'
import type { Candidate } from './candidate.ts'
import type { Chain } from './chain.ts'
import { CacheError } from './errors.ts'
import type { Reason } from './events.ts'
import type { Flight } from './flight.ts'
import { copy } from './isolate.ts'
import type { Job } from './job.ts'
import { LoadRun, NotModified } from './load-context.ts'

/** What a load brought. */
export interface Loaded {
  readonly value: unknown
  /** Not to be stored: the loader said so, or there is nothing. */
  readonly skip: boolean
  readonly ttl: number | undefined
  /** Instead of the policy's. */
  readonly windows: { readonly swr?: number; readonly staleIfError?: number } | undefined
  readonly etag: string | undefined
  readonly tags: readonly string[]
  readonly ms: number
}

/**
 * Runs the loader under the bulkhead and the hard timeout. Rejects with whatever the loader threw, unwrapped, or
 * with `LOAD_TIMEOUT` / `OVERLOADED`. A loader that ignores its signal goes on behind a timeout, its result unused.
 */
export async function load(
  chain: Chain,
  job: Job,
  flight: Flight,
  reason: Reason,
  stale: Candidate | undefined,
): Promise<Loaded> {
  const { query, key, input } = job
  const loader = query.load
  if (loader === undefined) throw new Error('a query without a loader was asked to load')
  const previous = stale && {
    value: stale.clone ? copy(stale.value) : stale.value,
    age: chain.clock.now() - stale.life.createdAt,
    etag: stale.etag,
  }
  const run = new LoadRun(key, reason, previous, () => flight.signal)
  let began = chain.clock.now()
  const work = (): unknown => {
    // Everybody may have left while it queued.
    flight.throwIfAbandoned()
    began = chain.clock.now()
    query.counters.loads++
    return loader(input, run)
  }
  let value: unknown
  try {
    value = await underTimeout(
      chain,
      job,
      flight,
      query.batched ? Promise.resolve(work()) : chain.bulkhead.run(work),
    )
  } catch (error) {
    if (!(error instanceof NotModified) || stale === undefined) throw error
    value = stale.value
  }
  const ms = chain.clock.now() - began
  query.counters.loadMs += ms
  if (chain.events.on.load) {
    const changed = () => (stale === undefined ? undefined : !isDeepStrictEqual(value, stale.value))
    chain.events.emit('load', { def: query.def, reason, ms, key: () => key, changed })
  }
  return {
    value,
    skip: run.skipped || value === undefined,
    ttl: run.chosenTtl,
    windows: run.chosenWindows,
    etag: run.chosenEtag ?? (value === stale?.value || value === previous?.value ? stale?.etag : undefined),
    tags: run.tags,
    ms,
  }
}

function underTimeout<T>(chain: Chain, job: Job, flight: Flight, work: Promise<T>): Promise<T> {
  const { hard } = job.query.policy.timeouts
  if (hard === Number.POSITIVE_INFINITY) return work
  return new Promise<T>((resolve, reject) => {
    const cancel = chain.clock.after(hard, () => {
      const error = new CacheError(
        'LOAD_TIMEOUT',
        `Expected the loader of \`${job.query.def ?? 'getOrSet'}\` to answer within ${hard} ms (\`timeouts.hard\`)`,
      )
      reject(error)
      flight.abort(error)
    })
    work.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}
