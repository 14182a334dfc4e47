import { resolve } from 'node:path'
import {
  checkCodec,
  checkKeys,
  checkName,
  expectation,
  parseBytes,
  parseDuration,
} from '@tierstack/cache-core'
import type { Bytes, Codec, Duration } from '@tierstack/cache-core'
import { msgpack } from '@tierstack/cache-serializers'

export interface SqliteOptions {
  /**
   * The file, which belongs to the tier alone; made, with its folder, when missing. Must be on a local disk. Every
   * process that opens the same file shares its entries. `':memory:'`: no file, this process only.
   */
  readonly path: string
  /**
   * Name of the tier in events, statistics and per-tier options.
   * @default 'sqlite'
   */
  readonly name?: string
  /**
   * Most bytes of the file in use. Expired entries go first, then the oldest. At least `'1mb'`.
   * @default '256mb'
   */
  readonly maxBytes?: Bytes
  /**
   * Largest frame taken; at most a quarter of `maxBytes`.
   * @default '8mb', or a quarter of `maxBytes` when that is less
   */
  readonly maxValueBytes?: Bytes
  /**
   * Codec used when the cache is given none.
   * @default msgpack()
   */
  readonly codec?: Codec
  /**
   * How often to look for removals by other processes, which is how long their memory may keep what you removed.
   * 1 to 250 ms.
   * @default 20
   */
  readonly poll?: Duration
  /**
   * How long a tag's generation is kept after the last entry was stored with it. Without one, entries that carry
   * the tag are invalid: longer than the longest life of an entry, then.
   * @default '7d'
   */
  readonly tagTtl?: Duration
}

export interface ResolvedOptions {
  /** Absolute, or `':memory:'`. */
  readonly path: string
  readonly name: string
  readonly maxBytes: number
  readonly maxValueBytes: number
  readonly codec: Codec
  readonly poll: number
  readonly tagTtl: number
}

export const memoryPath = ':memory:'
const known = ['path', 'name', 'maxBytes', 'maxValueBytes', 'codec', 'poll', 'tagTtl']

export function resolveOptions(given: SqliteOptions): ResolvedOptions {
  checkKeys('sqlite options', given, known)
  const { path, name = 'sqlite', codec = msgpack() } = given
  checkName('name', name)
  checkCodec(codec)
  const maxBytes = parseBytes('maxBytes', given.maxBytes ?? '256mb')
  if (maxBytes < 1024 ** 2) throw expectation('maxBytes', '1mb or more', given.maxBytes)
  const quarter = Math.floor(maxBytes / 4)
  const maxValueBytes = parseBytes('maxValueBytes', given.maxValueBytes ?? Math.min(8 * 1024 ** 2, quarter))
  if (maxValueBytes > quarter) {
    throw expectation('maxValueBytes', 'at most a quarter of `maxBytes`', given.maxValueBytes)
  }
  const poll = parseDuration('poll', given.poll ?? 20)
  if (poll < 1 || poll > 250) throw expectation('poll', '1 to 250 ms', given.poll)
  const tagTtl = parseDuration('tagTtl', given.tagTtl ?? '7d')
  if (tagTtl <= 0) throw expectation('tagTtl', 'more than 0', given.tagTtl)
  return Object.freeze({ path: checkPath(path), name, maxBytes, maxValueBytes, codec, poll, tagTtl })
}

export function checkPath(path: unknown): string {
  if (path === memoryPath) return path
  // `file:` would be read as a URI by SQLite, and then the file's identity couldn't be checked.
  if (typeof path !== 'string' || path === '' || path.includes('\0') || path.startsWith('file:')) {
    throw expectation('path', "the path of a file or ':memory:'", path)
  }
  // Once: the process may change its working directory later.
  return resolve(path)
}
