import type { CacheStats, DefinitionStats, WarmReport } from '@tierstack/cache-core'
import { addressed } from './admin-address.ts'
import { AdminError, badRequest } from './admin-error.ts'
import type { ResolvedAdminOptions } from './admin-options.ts'
import { inputsOf } from './admin-removals.ts'
import { definitionOf, positive, readBody, text } from './admin-request.ts'
import type { Administered } from './administered.ts'
import type { Call } from './endpoint.ts'
import { hiddenKey } from './hidden-key.ts'
import { sampleKeys } from './hot-keys.ts'
import { rawKeys } from './names.ts'
import { valueShape } from './value-shape.ts'

/** `GET stats`: everything counted since the start, the state of the tiers, the definitions. */
export async function stats(cache: Administered): Promise<object> {
  const health = Object.entries(await cache.health()).map(([tier, { state, since, error }]) => [
    tier,
    { state, since, error: error === undefined ? undefined : messageOf(error) },
  ])
  return {
    at: Date.now(),
    uptimeMs: Math.round(performance.now()),
    pid: process.pid,
    stats: cache.stats(),
    health: Object.fromEntries(health),
    definitions: cache.definitions().map(({ name, version, namespace, ttl, swr, staleIfError }) => ({
      name,
      version,
      namespace,
      ttl,
      swr,
      staleIfError,
    })),
  }
}

const longestTop = 10_000

/** `GET top`: what happened within the next `ms` (1000), and the keys read most. */
export async function top(
  cache: Administered,
  query: URLSearchParams,
  options: ResolvedAdminOptions,
  signal: AbortSignal,
): Promise<object> {
  const ms = Number(query.get('ms') ?? 1_000)
  if (!(ms >= 10 && ms <= longestTop)) throw badRequest(`Expected \`ms\` to be from 10 to ${longestTop}`)
  const before = cache.stats()
  const sampleMs = Math.min(ms, 1_000)
  const began = performance.now()
  const sample = await sampleKeys(cache, sampleMs, { signal })
  const rest = ms - (performance.now() - began)
  if (rest > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, rest))
  const seconds = (performance.now() - began) / 1_000
  const after = cache.stats()
  return {
    at: Date.now(),
    seconds,
    definitions: Object.entries(after.definitions)
      .map(([name, now]) => ({
        name: name || rawKeys,
        ...rates(now, before.definitions[name], seconds),
      }))
      .toSorted((a, b) => b.readsPerSecond - a.readsPerSecond),
    tiers: after.tiers,
    buses: after.buses,
    loads: after.loads,
    removalsPerSecond: perSecond(after, before, seconds),
    keys: sample.keys.map(({ key, reads }) => ({
      key: options.hideKeys ? hiddenKey(key) : key,
      share: reads / Math.max(1, sample.reads),
      readsPerSecond: reads / (sample.ms / 1_000),
    })),
  }
}

function perSecond(after: CacheStats, before: CacheStats, seconds: number): object {
  return {
    db: (after.removals.db - before.removals.db) / seconds,
    local: (after.removals.local - before.removals.local) / seconds,
    bus: (after.removals.bus - before.removals.bus) / seconds,
  }
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0)

function rates(now: DefinitionStats, before: DefinitionStats | undefined, seconds: number) {
  const since = (pick: (one: DefinitionStats) => number) => pick(now) - (before ? pick(before) : 0)
  const fresh = since((one) => sum(one.hits))
  const stale = since((one) => one.stale)
  const misses = since((one) => one.misses)
  const reads = fresh + stale + misses
  const loads = since((one) => one.loads)
  return {
    readsPerSecond: reads / seconds,
    hitsPerSecond: Object.fromEntries(
      Object.entries(now.hits).map(([tier, count]) => [tier, (count - (before?.hits[tier] ?? 0)) / seconds]),
    ),
    stalePerSecond: stale / seconds,
    missesPerSecond: misses / seconds,
    hitRate: reads === 0 ? null : (fresh + stale) / reads,
    loadsPerSecond: loads / seconds,
    loadErrorsPerSecond: since((one) => one.loadErrors) / seconds,
    loadMs: loads === 0 ? null : since((one) => one.loadMs) / loads,
    savedMsPerSecond: since((one) => one.savedMs) / seconds,
  }
}

/** `GET advice`: what the advisor found so far. */
export async function advice(
  { advisor, hideKeys }: ResolvedAdminOptions,
  signal: AbortSignal,
): Promise<object> {
  if (advisor === undefined) {
    throw new AdminError(404, 'NO_ADVISOR', 'Expected the endpoint to be given an `advisor`')
  }
  const found = await advisor.advice({ signal, ...(hideKeys && { sampleMs: 0 }) })
  return { at: Date.now(), advice: found }
}

/** `GET explain`: where an entry is, why it is fresh or not, and who removed it last. */
export async function explain({ cache, query, options, removals }: Call): Promise<object> {
  const raw = query.get('raw')
  const told = raw === null ? await addressed(cache, query).entry.explain() : await cache.explain(raw)
  const last = removals.last(
    told.key,
    told.steps.flatMap(({ tags }) => tags),
  )
  if (last === undefined) return told
  const { tag, ...removed } = last
  return { ...told, removed: { ...removed, ...(tag !== undefined && !options.hideKeys && { tag }) } }
}

/** `GET entry`: one entry, its value as a shape unless values may be told. */
export async function entry(
  cache: Administered,
  query: URLSearchParams,
  options: ResolvedAdminOptions,
): Promise<object> {
  const { key, entry } = addressed(cache, query)
  const found = await entry.entry()
  if (found === undefined) return { key, found: false }
  const { value, ...rest } = found
  const told = options.values ? { value } : {}
  return { key, found: true, ...rest, shape: valueShape(value), ...told }
}

/** `POST warm`: loads what isn't fresh. */
export async function warm(cache: Administered, request: Request): Promise<object> {
  const body = await readBody(request, ['definition', 'inputs', 'concurrency', 'rate'])
  const { cached } = definitionOf(cache, text(body, 'definition') ?? '')
  const { concurrency, rate } = body
  const report: WarmReport = await cached.warm(inputsOf(body), {
    signal: request.signal,
    ...(concurrency !== undefined && { concurrency: positive(concurrency, 'concurrency') }),
    ...(rate !== undefined && { rate: positive(rate, 'rate') }),
  })
  return {
    ...report,
    errors: report.errors.map(({ key, error }) => ({ key, error: messageOf(error) })),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
