import { CacheError } from '@tierstack/cache-core'

/**
 * `busy`: somebody else is writing, try again · `unwritable`: no space, or read-only; reads go on · `corrupt`: the
 * file is no database any more · `lost`: anything else after which nothing is certain.
 */
export type FailureKind = 'busy' | 'unwritable' | 'corrupt' | 'lost'

/** The file at the path is not the one that is open. */
export class Replaced extends Error {
  override readonly name = 'Replaced'
}

const busy = new Set([5, 6])
const readonlyMoved = 1032
// Extended codes: short read (the file was cut), write, fsync, truncate and shared-memory size.
const shortRead = 522
const failedWrites = new Set([778, 1034, 1546, 4874])

/** Reads SQLite's result code, see https://sqlite.org/rescode.html. Undefined for errors of other origin. */
export function failureOf(error: unknown): FailureKind | undefined {
  if (error instanceof Replaced) return 'lost'
  const code = (error as { errcode?: unknown } | null)?.errcode
  if (typeof code !== 'number') return undefined
  if (code === readonlyMoved) return 'lost'
  if (code === shortRead) return 'corrupt'
  if (failedWrites.has(code)) return 'unwritable'
  const primary = code & 0xff
  if (busy.has(primary)) return 'busy'
  if (primary === 8 || primary === 13) return 'unwritable'
  if (primary === 11 || primary === 26) return 'corrupt'
  return 'lost'
}

const sentences: Record<FailureKind, string> = {
  busy: 'another process keeps it locked',
  unwritable: 'it can not be written (disk full, or no permission)',
  corrupt: 'its content is damaged',
  lost: 'it was replaced, removed, or can not be read',
}

/** The error that a caller of the tier gets. */
export function unavailable(path: string, kind: FailureKind, cause: unknown): CacheError {
  const detail = cause instanceof Error ? `: ${cause.message}` : ''
  return new CacheError(
    'TIER_UNAVAILABLE',
    `Expected \`${path}\` to be usable, but ${sentences[kind]}${detail}`,
    {
      cause,
    },
  )
}
