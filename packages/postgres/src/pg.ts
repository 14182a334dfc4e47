import type { CachedConnection } from './cached-connection.ts'
import type { CachedQueries } from './cached-queries.ts'
import { overriding } from './overriding.ts'
import { packResult, rowsOfResult, unpackResult } from './result.ts'
import type { QueryResult } from './result.ts'

type AnyFunction = (...args: never[]) => unknown

/** What a client of `pg`, or a pool, is to us. */
interface PgLike {
  query: AnyFunction
}

interface Query {
  readonly text: string
  readonly values: readonly unknown[]
  readonly shape: string
}

/**
 * A `pg` pool whose queries are cached. Transactions on its clients (`connect`) bypass the cache; what they wrote is
 * invalidated after COMMIT and forgotten at ROLLBACK. Everything else is the pool's own. Callbacks and cursors are
 * passed on uncached, and what they write is not noticed.
 *
 * @example
 * const pool = cachedPool(new Pool({ connectionString }), cachedQueries({ cache, query: (text) => plain.query(text) }))
 */
export function cachedPool<P extends PgLike & { connect: AnyFunction }>(pool: P, queries: CachedQueries): P {
  // Each statement of a pool may be on another connection: it is a transaction of its own.
  const query = (...args: unknown[]) => run(pool, queries.connection(), args)
  const connect = (...args: unknown[]) => {
    if (args.length > 0) return Reflect.apply(pool.connect, pool, args) as unknown
    return (Reflect.apply(pool.connect, pool, []) as Promise<PgLike>).then((client) =>
      cachedClient(client, queries),
    )
  }
  return overriding(pool, { query, connect })
}

/** One `pg` client whose queries are cached, as `cachedPool` does. */
export function cachedClient<C extends PgLike>(client: C, queries: CachedQueries): C {
  const connection = queries.connection()
  return overriding(client, { query: (...args: unknown[]) => run(client, connection, args) })
}

function run(client: PgLike, connection: CachedConnection, args: readonly unknown[]): unknown {
  const execute = () => Reflect.apply(client.query, client, [...args]) as Promise<QueryResult>
  const query = queryOf(args)
  if (query === undefined) return execute()
  return connection.run({ ...query, execute, pack: packResult, unpack: unpackResult, count: rowsOfResult })
}

/** `query(text, values)` or `query({ text, values, rowMode, types })`; undefined for callbacks and cursors. */
function queryOf(args: readonly unknown[]): Query | undefined {
  if (args.some((arg) => typeof arg === 'function')) return undefined
  const [first, second] = args
  const config = (typeof first === 'string' ? { text: first } : first) as {
    readonly text?: unknown
    readonly values?: unknown
    readonly rowMode?: unknown
    readonly types?: { readonly getTypeParser?: unknown }
    readonly submit?: unknown
  }
  const values = Array.isArray(second) ? second : (config?.values ?? [])
  if (typeof config?.text !== 'string' || !Array.isArray(values) || config.submit !== undefined)
    return undefined
  const parser = config.types?.getTypeParser
  // Parsers of one's own are told apart by their source.
  const parsed = typeof parser === 'function' ? Function.prototype.toString.call(parser) : ''
  const shape = `pg ${String(config.rowMode)} ${parsed}`
  return { text: config.text, values, shape }
}
