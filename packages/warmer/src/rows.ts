import { readFile } from 'node:fs/promises'
import { checkKeys, expectation } from '@tierstack/cache-core'
import type { NextRows } from '@tierstack/cache-core'
import type { QueryClient } from './source.ts'

/** Where a warmer's rows come from. `open` is called anew for each run, and gives what brings page after page. */
export interface RowSource<K, V> {
  open(): NextRows<K, V>
}

export interface RowsOptions<R extends object, K, V> {
  readonly client: QueryClient
  /**
   * The statement of a page, or a file of it: the rows behind `$1`, in that order, at most `$2`, as in
   * `SELECT id, name FROM users WHERE id > $1 ORDER BY id LIMIT $2`.
   */
  readonly text: string | URL
  /** What `$1` is at the beginning: something before the first row, such as `0` or `''`. */
  readonly after: unknown
  /** The input of a row. */
  readonly input: (row: R) => K
  /** What `load` gives for that input. @default the row */
  readonly value?: (row: R) => V
  /** What `$1` is for the page behind a row. @default the row's input */
  readonly next?: (row: R) => unknown
  /** Rows of a page. @default 2000 */
  readonly page?: number
}

const names = ['client', 'text', 'after', 'input', 'value', 'next', 'page']
/** Tries of a page whose query fails, in a row. */
const attempts = 3

/**
 * Rows that a SQL query brings, page by page: their values go into the tiers as they are, instead of being loaded by
 * their inputs. Each page is a query of its own, so that none is older than what the warmer knew of removals before it.
 * A query that fails is tried three times.
 * @example
 * fromRows({
 *   client: pool,
 *   text: 'SELECT id, name, price FROM products WHERE id > $1 ORDER BY id LIMIT $2',
 *   after: 0,
 *   input: (row: Product) => row.id,
 * })
 */
export function fromRows<R extends object, K, V = R>(options: RowsOptions<R, K, V>): RowSource<K, V> {
  checkKeys('fromRows options', options, names)
  const { client, text, after, input, page = 2_000 } = options
  if (typeof client?.query !== 'function') throw expectation('client', 'a client with `query`', client)
  if (typeof input !== 'function')
    throw expectation('input', 'a function that gives the input of a row', input)
  if (after === undefined) throw expectation('after', 'what `$1` is for the first page', after)
  if (!Number.isInteger(page) || page < 1) throw expectation('page', 'an integer of 1 or more', page)
  const value = options.value ?? ((row: R) => row as unknown as V)
  /** What fails of a row is the row's alone. */
  const pairOf = (row: R): readonly [K, V | Error] => {
    let own: K | undefined
    try {
      own = input(row)
      if (own === undefined || own === null) throw expectation('input', 'given by every row', own ?? row)
      return [own, value(row)]
    } catch (error) {
      return [own as K, error instanceof Error ? error : new Error(String(error), { cause: error })]
    }
  }
  /** Where the next page begins: a row that doesn't say so can't be gone on behind. */
  const lastOf = (rows: readonly R[]): unknown => {
    for (const row of rows.toReversed()) {
      try {
        const next = (options.next ?? input)(row)
        if (next !== undefined && next !== null) return next
      } catch {
        // It is reported as what fails of a row.
      }
    }
    return undefined
  }
  return {
    open: () => {
      let statement: string | undefined
      let behind = after
      let more = true
      const query = async (signal: AbortSignal): Promise<readonly R[]> => {
        for (let attempt = 1; ; attempt++) {
          try {
            statement ??= typeof text === 'string' ? text : await readFile(text, 'utf8')
            const answer = await client.query(statement, [behind, page])
            return ('rows' in answer ? answer.rows : answer) as readonly R[]
          } catch (error) {
            if (attempt === attempts || signal.aborted) throw error
          }
        }
      }
      return async ({ signal }) => {
        if (!more) return undefined
        const rows = await query(signal)
        more = rows.length >= page
        if (more) {
          const next = lastOf(rows)
          if (next === undefined || Object.is(next, behind))
            throw expectation('text', 'a statement whose pages go on behind `$1`', next)
          behind = next
        }
        return rows.map((row) => pairOf(row))
      }
    },
  }
}
