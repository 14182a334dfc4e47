import type { EntryByKey } from '@tierstack/cache-core'
import { badRequest } from './admin-error.ts'
import { definitionOf } from './admin-request.ts'
import type { Administered } from './administered.ts'

export interface Addressed {
  readonly key: string
  readonly entry: EntryByKey
}

/** The entry that a query names: by full key, or by definition and input (as JSON). */
export function addressed(cache: Administered, query: URLSearchParams): Addressed {
  const key = query.get('key')
  if (key !== null) return { key, entry: cache.byKey(key) }
  const name = query.get('definition')
  const input = query.get('input')
  if (name === null || input === null) {
    throw badRequest('Expected `key`, or `definition` and `input`, in the query')
  }
  const full = definitionOf(cache, name).cached.keyFor(parsed(input) as string)
  return { key: full, entry: cache.byKey(full) }
}

function parsed(input: string): unknown {
  try {
    return JSON.parse(input)
  } catch {
    throw badRequest(`Expected \`input\` to be JSON, such as 42 or "text", got \`${input.slice(0, 60)}\``)
  }
}
