import { LoadRun } from './load-context.ts'
import type { Query } from './query.ts'
import { noteBypass, readScopes } from './read-scope.ts'

/** A read that leaves the cache alone: switched off, or inside a transaction. */
export async function bypass(
  query: Query,
  key: string,
  input: unknown,
  signal: AbortSignal = new AbortController().signal,
): Promise<unknown> {
  if (readScopes.open > 0) noteBypass(key)
  if (query.load === undefined) return undefined
  signal.throwIfAborted()
  query.counters.loads++
  return await query.load(input, new LoadRun(key, 'miss', undefined, () => signal))
}
