import { readFile } from 'node:fs/promises'
import { checkKeys, expectation } from '@tierstack/cache-core'

type Inputs<K> = Iterable<K> | AsyncIterable<K>

/** Where a warmer's inputs come from, the most wanted first. Called anew for each run. */
export type Source<K> = (context: { readonly signal: AbortSignal }) => Inputs<K> | Promise<Inputs<K>>

/** Any client with `query`, such as `pg`, PGlite and their pools. */
export interface QueryClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly object[] } | readonly object[]>
}

export interface SqlOptions<K> {
  readonly client: QueryClient
  /** The statement, or a file of it. Its rows bring the inputs. */
  readonly text: string | URL
  /** @default [] */
  readonly values?: readonly unknown[]
  /** The input of a row. @default its first column */
  readonly input?: (row: never) => K
}

/** Inputs that a SQL query brings: one query per run. */
export function fromSql<K = unknown>(options: SqlOptions<K>): Source<K> {
  checkKeys('fromSql options', options, ['client', 'text', 'values', 'input'])
  const { client, text, values = [] } = options
  if (typeof client?.query !== 'function') throw expectation('client', 'a client with `query`', client)
  const input = (options.input ?? firstColumn) as (row: object) => K
  return async () => {
    const statement = typeof text === 'string' ? text : await readFile(text, 'utf8')
    const answer = await client.query(statement, [...values])
    const rows: readonly object[] = 'rows' in answer ? answer.rows : answer
    return rows.map((row) => input(row))
  }
}

function firstColumn(row: object): unknown {
  // A list of all values, for each of many rows, would cost more than the row.
  for (const name in row) if (Object.hasOwn(row, name)) return (row as Record<string, unknown>)[name]
  return undefined
}

export interface AccessLogOptions<K> {
  readonly client: QueryClient
  /** Table with a row per access. @default 'access_logs' */
  readonly table?: string
  /** Column of the input. */
  readonly column: string
  /** Column of the instant. @default 'created_at' */
  readonly time?: string
  /** How far back to look. @default 24 */
  readonly hours?: number
  /** Most inputs. @default 1000 */
  readonly limit?: number
  /** The input of a column's value. @default the value */
  readonly input?: (value: never) => K
}

/** The inputs that a table of accesses (PostgreSQL) has most often in the last hours. */
export function fromAccessLog<K = unknown>(options: AccessLogOptions<K>): Source<K> {
  checkKeys('fromAccessLog options', options, [
    'client',
    'table',
    'column',
    'time',
    'hours',
    'limit',
    'input',
  ])
  const { client, table = 'access_logs', column, time = 'created_at', hours = 24, limit = 1_000 } = options
  for (const [name, value] of Object.entries({ hours, limit }))
    if (!(value > 0 && Number.isFinite(value))) throw expectation(name, 'a finite number above 0', value)
  const input = (options.input ?? ((value: unknown) => value)) as (value: unknown) => K
  return fromSql<K>({
    client,
    text: `SELECT ${name('column', column)} AS input FROM ${name('table', table)}
WHERE ${name('time', time)} > now() - $1 * interval '1 hour'
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT $2`,
    values: [hours, limit],
    input: (row: { readonly input: unknown }) => input(row.input),
  })
}

/** A name as SQL takes it; parts of a qualified one each by themselves. */
function name(what: string, given: unknown): string {
  if (typeof given !== 'string' || given === '' || given.includes('\0'))
    throw expectation(what, 'a name in the database', given)
  return given
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.')
}
