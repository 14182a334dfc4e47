import type { CachedConnection } from './cached-connection.ts'
import { runElsewhere } from './run-elsewhere.ts'

/** What `pg` is given to run by itself: a cursor, a stream of rows, a COPY, a `Query`. */
interface Submitted {
  readonly submit: unknown
  readonly text?: unknown
  readonly values?: unknown
  readonly cursor?: { readonly text?: unknown; readonly values?: unknown }
  handleReadyForQuery?: (...args: unknown[]) => unknown
  handleError?: (...args: unknown[]) => unknown
}

export function isSubmitted(given: unknown): given is Submitted {
  return (
    typeof given === 'object' && given !== null && 'submit' in given && typeof given.submit === 'function'
  )
}

/** It goes to the database itself; its end is told to it when what it wrote has been removed. */
export function followSubmitted(query: Submitted, connection: CachedConnection): void {
  const { text = '', values = [] } = query.text === undefined && query.cursor ? query.cursor : query
  if (typeof text !== 'string') return
  const { ended, settled } = runElsewhere(
    connection,
    text,
    Array.isArray(values) ? (values as unknown[]) : [],
  )
  const over = settled.catch(() => {})
  const { handleReadyForQuery: ready, handleError: failed } = query
  query.handleReadyForQuery = (...args) => {
    ended.resolve()
    void over.then(() => ready?.apply(query, args))
  }
  query.handleError = (...args) => {
    ended.reject(args[0])
    void over.then(() => failed?.apply(query, args))
  }
}
