import { performance } from 'node:perf_hooks'
import type { Redis } from 'ioredis'
import type { Findings } from './finding.ts'
import { numberOf, tolerated } from './redis-facts.ts'
import type { RedisFacts } from './redis-facts.ts'

export interface LoadLimits {
  /** Keys looked at for their size and use. */
  readonly sample: number
}

const bigBytes = 1024 ** 2
const slowRoundTripMs = 5
const slowCommandMs = 10
/** Of the logarithmic counter (0 to 255) that `OBJECT FREQ` tells under an LFU policy. */
const hotFrequency = 200

/** How the server fares: round trips, slow commands, evictions, and the largest and hottest keys of a sample. */
export async function checkRedisLoad(
  redis: Redis,
  facts: RedisFacts,
  limits: LoadLimits,
  findings: Findings,
): Promise<void> {
  await checkLatency(redis, findings)
  await checkSlowLog(redis, findings)
  checkEvictions(facts, findings)
  checkFragmentation(facts, findings)
  await checkKeys(redis, facts, limits, findings)
}

async function checkLatency(redis: Redis, findings: Findings): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < 21; i++) {
    const began = performance.now()
    // PING is refused by a server that can't write to its disk.
    await redis.time()
    times.push(performance.now() - began)
  }
  const median = times.toSorted((a, b) => a - b)[10] as number
  if (median > slowRoundTripMs) {
    findings.warning(
      'latency',
      `A round trip takes ${median.toFixed(1)} ms.`,
      'Put Redis next to the service: a hit costs one round trip, a miss two.',
    )
  }
}

async function checkSlowLog(redis: Redis, findings: Findings): Promise<void> {
  const entries = (await tolerated(() => redis.slowlog('GET', 128))) as
    | readonly (readonly [number, number, number, readonly string[]])[]
    | undefined
  const slow = (entries ?? []).filter(([, , micros]) => micros > slowCommandMs * 1000)
  if (slow.length === 0) return
  const worst = slow.reduce((a, b) => (a[2] >= b[2] ? a : b))
  const names = [...new Set(slow.map(([, , , words]) => String(words[0]).toUpperCase()))].slice(0, 5)
  findings.warning(
    'slow-log',
    `${slow.length} commands took over ${slowCommandMs} ms, the worst ${Math.round(worst[2] / 1000)} ms: ${names.join(', ')}.`,
    'While one command runs all others wait: keep KEYS, SMEMBERS, DEBUG and long scripts off this server.',
  )
}

function checkEvictions({ info }: RedisFacts, findings: Findings): void {
  const evicted = numberOf(info, 'evicted_keys')
  const minutes = Math.max(1, numberOf(info, 'uptime_in_seconds') / 60)
  if (evicted / minutes < 60) return
  findings.warning(
    'evictions',
    `${evicted} keys were dropped for space, ${Math.round(evicted / minutes)} a minute since the server started.`,
    'Raise `maxmemory`, shorten the ttl of large definitions, or compress them.',
  )
}

function checkFragmentation({ info }: RedisFacts, findings: Findings): void {
  const used = numberOf(info, 'used_memory')
  const ratio = numberOf(info, 'mem_fragmentation_ratio')
  if (used < 100 * bigBytes || ratio < 1.5) return
  findings.warning(
    'fragmentation',
    `The server holds ${ratio} times the memory that it uses.`,
    'Set `activedefrag yes`.',
  )
}

async function checkKeys(
  redis: Redis,
  facts: RedisFacts,
  limits: LoadLimits,
  findings: Findings,
): Promise<void> {
  const lfu = (facts.info.get('maxmemory_policy') ?? '').endsWith('-lfu')
  const big: { key: string; size: number }[] = []
  const hot: { key: string; size: number }[] = []
  for await (const keys of sampleOf(redis, limits.sample)) {
    const asked = redis.pipeline()
    for (const key of keys) {
      asked.memory('USAGE', key, 'SAMPLES', 0)
      if (lfu) asked.object('FREQ', key)
    }
    const answers = (await asked.exec()) ?? []
    for (const [i, key] of keys.entries()) {
      const at = lfu ? 2 * i : i
      const size = Number(answers[at]?.[1] ?? 0)
      if (size > bigBytes) big.push({ key, size })
      const frequency = lfu ? Number(answers[at + 1]?.[1] ?? 0) : 0
      if (frequency > hotFrequency) hot.push({ key, size: frequency })
    }
  }
  if (big.length > 0) {
    findings.warning(
      'big-keys',
      `${big.length} of the sampled keys are over 1 MB, the largest ${largest(big, (size) => `${(size / bigBytes).toFixed(1)} MB`)}.`,
      'Cache parts of it, compress it, or set `maxValueBytes`: it is sent as a whole at every hit.',
    )
  }
  if (hot.length > 0) {
    findings.note(
      'hot-keys',
      `${hot.length} of the sampled keys are very hot, the hottest ${largest(hot, (frequency) => `frequency ${frequency} of 255`)}.`,
      'A memory tier in front, or a longer ttl in it, takes them off the server.',
    )
  }
}

function largest(keys: readonly { key: string; size: number }[], shown: (size: number) => string): string {
  const { key, size } = keys.reduce((a, b) => (a.size >= b.size ? a : b))
  return `${JSON.stringify(shortened(key))} with ${shown(size)}`
}

/** Names of definitions and tiers help; what identifies a row is nobody's business. */
function shortened(key: string): string {
  const at = key.indexOf('#')
  const colon = at < 0 ? -1 : key.indexOf(':', at)
  return colon < 0 ? `${key.slice(0, 24)}…` : `${key.slice(0, colon)}:…`
}

async function* sampleOf(redis: Redis, most: number): AsyncGenerator<readonly string[]> {
  let cursor = '0'
  let seen = 0
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 500)
    cursor = next
    seen += keys.length
    if (keys.length > 0) yield keys
  } while (cursor !== '0' && seen < most)
}
