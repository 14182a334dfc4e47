import { readFile } from 'node:fs/promises'
import type { CachedConnection } from './cached-connection.ts'
import type { CachedQueries } from './cached-queries.ts'
import { overriding } from './overriding.ts'
import { queryText } from './postgres-js-text.ts'
import type { QueryParts, QueryText } from './postgres-js-text.ts'

/** A query of postgres.js: sent when it is awaited, or part of another. */
interface LazyQuery extends QueryParts, PromiseLike<unknown> {
  readonly isRaw?: unknown
}

/** A result of postgres.js: rows, with properties of their own. */
interface Result extends Array<unknown> {
  readonly command?: string
  readonly count?: number | null
  readonly columns?: readonly { readonly name: string; readonly type: number }[]
}

interface Stored {
  readonly rows: readonly unknown[]
  readonly command: string | undefined
  readonly count: number | null
  readonly columns: readonly { readonly name: string; readonly type: number }[]
}

type AnyFunction = (...args: never[]) => unknown
type Sql = AnyFunction &
  Readonly<Record<'unsafe' | 'file' | 'begin' | 'reserve' | 'savepoint', AnyFunction | undefined>>

/**
 * A postgres.js whose queries are cached: `sql` with a template, `unsafe` or `file`. Transactions (`begin`) bypass the cache; what
 * they wrote is invalidated after the commit, and forgotten when they are rolled back. Cursors, `forEach` and streams go
 * to the database and are not looked at. A query with a helper in it, such as `${sql(columns)}`, is not cached.
 *
 * @example
 * const sql = cachedSql(postgres(url), cachedQueries({ cache, query: (text) => plain.unsafe(text) }))
 */
export function cachedSql<S extends AnyFunction>(sql: S, queries: CachedQueries): S {
  // Each statement outside of a transaction is one of its own.
  return wrapped(sql as unknown as Sql, () => queries.connection(), queries) as unknown as S
}

function wrapped(sql: Sql, connection: () => CachedConnection, queries: CachedQueries): Sql {
  const call = (target: AnyFunction, args: readonly unknown[]): unknown =>
    Reflect.apply(target, sql, [...args])
  const within = (work: unknown, inner: CachedConnection) => async (given: Sql) =>
    await (work as (sql: Sql) => unknown)(wrapped(given, () => inner, queries))
  const methods: Record<string, AnyFunction> = {
    unsafe: (...args: unknown[]) => lazily(call(sql.unsafe as AnyFunction, args) as LazyQuery, connection),
    file: (...args: unknown[]) =>
      lazily(call(sql.file as AnyFunction, args) as LazyQuery, connection, textOfFile(args)),
    begin: (...args: unknown[]) => begin(sql, args, queries.connection(), within),
    savepoint: (...args: unknown[]) =>
      call(sql.savepoint as AnyFunction, [...args.slice(0, -1), within(args.at(-1), connection())]),
    reserve: async () => {
      const own = queries.connection()
      return wrapped((await call(sql.reserve as AnyFunction, [])) as Sql, () => own, queries)
    },
  }
  return new Proxy(sql, {
    apply(target, _this, args: unknown[]) {
      const made = call(target, args)
      const template = Array.isArray(args[0]) && Object.hasOwn(args[0], 'raw')
      return template ? lazily(made as LazyQuery, connection) : made
    },
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      return typeof name === 'string' && Object.hasOwn(methods, name) && typeof value === 'function'
        ? methods[name]
        : value
    },
  })
}

async function begin(
  sql: Sql,
  args: readonly unknown[],
  connection: CachedConnection,
  within: (work: unknown, connection: CachedConnection) => (sql: Sql) => Promise<unknown>,
): Promise<unknown> {
  let rolledBack = false
  connection.begin()
  const work = within(args.at(-1), connection)
  const watched = async (given: Sql): Promise<unknown> => {
    try {
      return await work(given)
    } catch (error) {
      rolledBack = true
      throw error
    }
  }
  try {
    return await (Reflect.apply(sql.begin as AnyFunction, sql, [
      ...args.slice(0, -1),
      watched,
    ]) as Promise<unknown>)
  } finally {
    // When the answer to COMMIT is lost, it may have been done.
    if (rolledBack) await connection.rollback(async () => {})
    else await connection.commit(async () => {})
  }
}

/** The same query, which asks the cache when it is awaited. As a part of another query it is what it was. */
function lazily(
  query: LazyQuery,
  connection: () => CachedConnection,
  text?: () => Promise<QueryText>,
): LazyQuery {
  let running: Promise<unknown> | undefined
  const run = () =>
    (running ??= text
      ? text().then((read) => ask(query, connection(), read))
      : ask(query, connection(), queryText(query)))
  const methods = {
    // oxlint-disable-next-line unicorn/no-thenable -- a query of postgres.js is one
    then: (...done: Parameters<Promise<unknown>['then']>) => run().then(...done),
    catch: (failed: (error: unknown) => unknown) => run().catch(failed),
    finally: (done: () => void) => run().finally(done),
    execute: () => {
      run().catch(() => {})
      return twin
    },
  }
  const twin = overriding(query, methods)
  return twin
}

/** The text of `sql.file(path, values)`, which the query itself has only when it runs. */
function textOfFile([path, given]: readonly unknown[]): () => Promise<QueryText> {
  const values = Array.isArray(given) ? (given as unknown[]) : []
  return async () => queryText({ strings: [await readFile(path as string, 'utf8')], args: values })
}

function ask(
  query: LazyQuery,
  connection: CachedConnection,
  { text, values, opaque }: QueryText,
): Promise<unknown> {
  return connection.run<Result, Stored>({
    text,
    values,
    shape: `postgres.js ${String(query.isRaw)}`,
    uncached: opaque,
    execute: async () => (await query) as Result,
    pack: (result) => ({
      rows: [...result],
      command: result.command,
      count: result.count ?? null,
      columns: (result.columns ?? []).map(({ name, type }) => ({ name, type })),
    }),
    unpack: ({ rows, ...more }) => Object.assign([...rows], more) as Result,
    count: ({ rows }) => rows.length,
  })
}
