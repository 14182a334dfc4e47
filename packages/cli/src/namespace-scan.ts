import type { Redis } from 'ioredis'

export interface NamespaceScan {
  readonly epoch: string | undefined
  /** Processes that listen to removals, on the busiest channel. */
  readonly subscribers: number
  /** Sampled entries of the current epoch, and of earlier ones. */
  readonly current: number
  readonly orphans: number
  /** Sampled keys of entries that hold neither a frame, nor a lease, nor an intent. */
  readonly foreign: number
  /** Sampled entries by format version of their frame. */
  readonly formats: ReadonlyMap<number, number>
  /** Versions of each definition among the sampled entries. */
  readonly versions: ReadonlyMap<string, ReadonlySet<string>>
  /** Sampled entries of the current epoch by definition; raw keys are counted under `''`. */
  readonly definitions: ReadonlyMap<string, { readonly entries: number; readonly bytes: number }>
  /** Other namespaces met under the prefix. */
  readonly neighbours: readonly string[]
}

/** Where a cache keeps its entries. */
export interface Place {
  readonly namespace: string
  /** First part of every key; `ts` unless the tier was given another. */
  readonly prefix: string
  /** Is the server a node of a Cluster? */
  readonly clustered: boolean
}

interface Counting {
  current: number
  orphans: number
  foreign: number
  readonly formats: Map<number, number>
  readonly versions: Map<string, Set<string>>
  readonly definitions: Map<string, { entries: number; bytes: number }>
  readonly neighbours: Set<string>
}

/** Value, lease or intents, and the first bytes of the frame in a value. */
const headBytes = 47 + 3

/**
 * Looks at up to `sample` keys of a namespace, by SCAN: it never blocks the server, and what is written meanwhile may
 * or may not be counted. Names in Redis: `<prefix>:<namespace>:<epoch>:<key>`; of a Cluster, where they are
 * `<prefix>:{<namespace>:<bucket>}:…`, only the asked node is looked at.
 */
export async function scanNamespace(
  redis: Redis,
  place: Place & { readonly sample: number },
): Promise<NamespaceScan> {
  const { prefix } = place
  const roots = rootsOf(place)
  const epochs = await epochsOf(redis, roots)
  const counting: Counting = {
    current: 0,
    orphans: 0,
    foreign: 0,
    formats: new Map(),
    versions: new Map(),
    definitions: new Map(),
    neighbours: new Set(),
  }
  let cursor = '0'
  let seen = 0
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${escaped(prefix)}:*`, 'COUNT', 500)
    cursor = next
    seen += keys.length
    await countAll(redis, keys, { place, epochs }, counting)
  } while (cursor !== '0' && seen < place.sample)
  const channels = roots.map((root) => `${root}:bus`)
  const told = await redis.call('PUBSUB', place.clustered ? 'SHARDNUMSUB' : 'NUMSUB', ...channels)
  const counts = (told as readonly unknown[]).filter((_, i) => i % 2 === 1).map(Number)
  return {
    ...counting,
    epoch: [...epochs.values()][0],
    subscribers: Math.max(0, ...counts),
    neighbours: [...counting.neighbours],
  }
}

/** Parts of a namespace in a Cluster, unless the tier was given another number. */
const buckets = 64

function rootsOf({ prefix, namespace, clustered }: Place): readonly string[] {
  if (!clustered) return [`${prefix}:${namespace}`]
  return Array.from({ length: buckets }, (_, bucket) => `${prefix}:{${namespace}:${bucket}}`)
}

/** The current epoch of each root that this node has. */
async function epochsOf(redis: Redis, roots: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const asked = redis.pipeline()
  for (const root of roots) asked.get(`${root}:epoch`)
  const answers = (await asked.exec()) ?? []
  return new Map(
    answers.flatMap(([error, epoch], i) =>
      error || typeof epoch !== 'string' ? [] : [[roots[i] as string, epoch] as const],
    ),
  )
}

async function countAll(
  redis: Redis,
  keys: readonly string[],
  { place, epochs }: { readonly place: Place; readonly epochs: ReadonlyMap<string, string> },
  counting: Counting,
): Promise<void> {
  const entries: { name: string; current: boolean; key: string }[] = []
  for (const name of keys) {
    const [, namespace, bucketed] = /^[^:]*:(?:([^:{}]+)|\{([^:{}]+):\d+\}):/.exec(name) ?? []
    const found = namespace ?? bucketed
    if (found === undefined) continue
    if (found !== place.namespace) {
      counting.neighbours.add(found)
      continue
    }
    const [, root = '', epoch, key] = /^(.*?(?:\}|:[^:{}]+)):([0-9a-zA-Z_-]{16})[:#](.*)$/s.exec(name) ?? []
    if (epoch !== undefined && key !== undefined) {
      entries.push({ name, current: epochs.get(root) === epoch, key })
    }
  }
  if (entries.length === 0) return
  const asked = redis.pipeline()
  for (const { name } of entries) asked.getrangeBuffer(name, 0, headBytes - 1).strlen(name)
  const answers = (await asked.exec()) ?? []
  for (const [i, entry] of entries.entries()) {
    const [error, head] = answers[2 * i] ?? []
    const length = Number(answers[2 * i + 1]?.[1] ?? 0)
    if (error) counting.foreign++
    else count(head as Buffer, length, entry, counting)
  }
}

function count(
  head: Buffer,
  length: number,
  { key, current }: { readonly key: string; readonly current: boolean },
  counting: Counting,
): void {
  // It ended between the scan and the look.
  if (length === 0) return
  const kind = String.fromCharCode(head[0] ?? 0)
  if (kind === 'L' || kind === 'T') return
  if (kind !== 'V' || head.length < headBytes || head.toString('latin1', 47, 49) !== 'TS') {
    counting.foreign++
    return
  }
  if (!current) {
    counting.orphans++
    return
  }
  counting.current++
  const format = head[49] as number
  counting.formats.set(format, (counting.formats.get(format) ?? 0) + 1)
  const [, name = '', version = ''] = /^[^#=~]*#([^@]+)@([^:]*):/s.exec(key) ?? []
  const known = counting.definitions.get(name) ?? { entries: 0, bytes: 0 }
  known.entries++
  known.bytes += length
  counting.definitions.set(name, known)
  if (name === '') return
  const versions = counting.versions.get(name) ?? new Set()
  counting.versions.set(name, versions.add(version))
}

/** Characters that mean something in a SCAN pattern. */
function escaped(text: string): string {
  return text.replace(/[*?[\]\\^]/g, String.raw`\$&`)
}
