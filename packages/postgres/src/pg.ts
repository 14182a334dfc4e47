import type { CachedConnection } from './cached-connection.ts'
import type { CachedQueries } from './cached-queries.ts'
import { overriding } from './overriding.ts'
import { followSubmitted, isSubmitted } from './pg-submitted.ts'
import { packResult, rowsOfResult, unpackResult } from './result.ts'
import type { QueryResult } from './result.ts'

type AnyFunction = (...args: never[]) => unknown

/** What a client of `pg`, or a pool, is to us. */
interface PgLike {
  query: AnyFunction
}

interface PoolLike extends PgLike {
  readonly connect: AnyFunction
  /** Those who wait for a client. */
  readonly waitingCount?: number
}

interface Query {
  readonly text: string
  readonly values: readonly unknown[]
  readonly shape: string
}

/** What is known of a client for as long as it lives, whoever holds it. */
interface Session {
  readonly connection: CachedConnection
  /** Texts of named statements, which may be left out later. */
  readonly texts: Map<string, string>
  /** Does somebody wait for the connection that this client holds? */
  readonly awaited?: (() => boolean) | undefined
}

type Done = (error: unknown, result?: unknown) => void

const sessions = new WeakMap<PgLike, WeakMap<CachedQueries, Session>>()

/**
 * A `pg` pool whose queries are cached. Transactions on its clients (`connect`) bypass the cache; what they wrote is
 * invalidated after COMMIT and forgotten at ROLLBACK. Everything else is the pool's own. Cursors and streams go to the
 * database; what they write is removed before they end.
 *
 * @example
 * const pool = cachedPool(new Pool({ connectionString }), cachedQueries({ cache, query: (text) => plain.query(text) }))
 */
export function cachedPool<P extends PgLike & { connect: AnyFunction }>(pool: P, queries: CachedQueries): P {
  const awaited = () => ((pool as PoolLike).waitingCount ?? 0) > 0
  const held = (client: PgLike) => wrapped(client, queries, awaited)
  // Each statement of a pool may be on another connection: it is a transaction of its own.
  const query = (...args: unknown[]) =>
    run(pool, { connection: queries.connection(), texts: new Map() }, args)
  const connect = (done?: (error: unknown, client: unknown, release: unknown) => void) => {
    if (done === undefined)
      return (Reflect.apply(pool.connect, pool, []) as Promise<PgLike>).then((client) => held(client))
    const given = (error: unknown, client: PgLike | undefined, release: unknown) =>
      done(error, client && held(client), release)
    return Reflect.apply(pool.connect, pool, [given]) as unknown
  }
  return overriding(pool, { query, connect })
}

/** One `pg` client whose queries are cached, as `cachedPool` does. */
export function cachedClient<C extends PgLike>(client: C, queries: CachedQueries): C {
  return wrapped(client, queries)
}

function wrapped<C extends PgLike>(client: C, queries: CachedQueries, awaited?: () => boolean): C {
  const known = sessions.get(client) ?? new WeakMap<CachedQueries, Session>()
  sessions.set(client, known)
  const session: Session = known.get(queries) ?? {
    connection: queries.connection(),
    texts: new Map(),
    awaited,
  }
  known.set(queries, session)
  return overriding(client, { query: (...args: unknown[]) => run(client, session, args) })
}

function run(client: PgLike, session: Session, args: readonly unknown[]): unknown {
  const { connection, texts, awaited } = session
  const done = args.find((arg) => typeof arg === 'function') as Done | undefined
  const given = args.filter((arg) => arg !== done)
  const execute = () => Reflect.apply(client.query, client, given) as Promise<QueryResult>
  if (isSubmitted(args[0])) {
    followSubmitted(args[0], connection)
    return Reflect.apply(client.query, client, [...args])
  }
  const query = queryOf(given, texts)
  if (query === undefined) return Reflect.apply(client.query, client, [...args])
  const asked = { ...query, awaited, execute, pack: packResult, unpack: unpackResult, count: rowsOfResult }
  const result = connection.run(asked)
  if (done === undefined) return result
  // What a callback throws is its caller's affair, not a promise's.
  result.then(
    (found) => process.nextTick(done, null, found),
    (error: unknown) => process.nextTick(done, error),
  )
  return undefined
}

/** `query(text, values)` or `query({ text, values, rowMode, types })`; undefined for what isn't understood. */
function queryOf([first, second]: readonly unknown[], texts: Map<string, string>): Query | undefined {
  const config = (typeof first === 'string' ? { text: first } : first) as {
    readonly text?: unknown
    readonly name?: unknown
    readonly values?: unknown
    readonly rowMode?: unknown
    readonly types?: { readonly getTypeParser?: unknown }
  }
  const values = Array.isArray(second) ? second : (config?.values ?? [])
  const name = typeof config?.name === 'string' ? config.name : ''
  const text = config?.text ?? texts.get(name)
  if (typeof text !== 'string' || !Array.isArray(values)) return undefined
  if (name !== '') texts.set(name, text)
  const parser = config.types?.getTypeParser
  // Parsers of one's own are told apart by their source.
  const parsed = typeof parser === 'function' ? Function.prototype.toString.call(parser) : ''
  const shape = `pg ${String(config.rowMode)} ${parsed}`
  return { text, values, shape }
}
