import { readFile, rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { checkKeys, expectation } from '@tierstack/cache-core'
import type { Cached, KeyOf, LocalTier } from '@tierstack/cache-core'
import { inputOf } from './input-of.ts'
import type { Source } from './source.ts'

export interface SnapshotOptions<K> {
  /** The file. Written beside and renamed, so that a crash leaves the one before. */
  readonly path: string
  /** Most keys that are kept. @default 100_000 */
  readonly limit?: number
  /** The input of an entry, by its full key. @default for inputs that are texts, numbers, bigints or booleans */
  readonly inputOf?: (key: string) => K | undefined
}

/** The keys of one definition that a local tier held, over a restart. */
export interface Snapshot<K> {
  /** Writes the keys that the tier holds now; resolves to how many. At shutdown, before the cache is closed. */
  save(): Promise<number>
  /** Brings the keys of the last snapshot; none when there is no file, or when it can't be read. */
  readonly source: Source<K>
}

const format = 'tierstack-keys-1'

/** Of this process: several at once must not write into one file. */
let saves = 0

/**
 * A snapshot of a local tier: its keys, never its values. Warmed from it, every entry is asked for anew in the shared
 * tiers and only then in the source, so that nothing comes back that was removed while the process was away, and no row
 * lies in a file.
 */
export function snapshot<K extends KeyOf>(
  tier: Pick<LocalTier, 'keys'>,
  cached: Pick<Cached<K, unknown>, 'keyFor'>,
  options: SnapshotOptions<K>,
): Snapshot<K> {
  checkKeys('snapshot options', options, ['path', 'limit', 'inputOf'])
  const { path, limit = 100_000 } = options
  if (typeof path !== 'string' || path === '') throw expectation('path', 'a path', path)
  const back = options.inputOf ?? inputOf<K>(cached)
  return {
    save: async () => {
      const keys: string[] = []
      for (const key of tier.keys()) {
        if (keys.length >= limit) break
        if (back(key) !== undefined) keys.push(key)
      }
      // In containers that share a volume, process ids are the same.
      const beside = `${path}.${hostname()}.${process.pid}.${saves++}.tmp`
      await writeFile(beside, JSON.stringify({ format, keys }), { mode: 0o600 })
      await rename(beside, path)
      return keys.length
    },
    source: async () => {
      const keys = keysIn(await readFile(path, 'utf8').catch(() => ''))
      return keys.flatMap((key) => {
        const input = back(key)
        return input === undefined ? [] : [input]
      })
    },
  }
}

/** None where the file isn't a snapshot: a cold start is slow, not wrong. */
function keysIn(text: string): string[] {
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read !== 'object' || read === null || !('format' in read) || read.format !== format) return []
    const keys: unknown = 'keys' in read ? read.keys : undefined
    return Array.isArray(keys) ? keys.filter((key): key is string => typeof key === 'string') : []
  } catch {
    return []
  }
}
