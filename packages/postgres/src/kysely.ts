import type {
  CompiledQuery,
  DatabaseConnection,
  Dialect,
  Driver,
  Kysely,
  QueryResult,
  TransactionSettings,
} from 'kysely'
import type { CachedConnection } from './cached-connection.ts'
import type { CachedQueries } from './cached-queries.ts'
import { runElsewhere } from './run-elsewhere.ts'

/**
 * A Kysely dialect for PostgreSQL whose queries are cached: around the driver, because a plugin can't keep a query from
 * being sent. Transactions bypass the cache; what they wrote is invalidated after the commit, and forgotten when they
 * are rolled back.
 *
 * @example
 * const db = new Kysely<Tables>({ dialect: cachedDialect(new PostgresDialect({ pool }), queries) })
 */
export function cachedDialect(dialect: Dialect, queries: CachedQueries): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => new CachedDriver(dialect.createDriver(), queries),
    createIntrospector: (db: Kysely<never>) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  }
}

class CachedDriver implements Driver {
  readonly #driver: Driver
  readonly #queries: CachedQueries
  /** Kysely and some drivers keep a connection for later: one of ours for one of theirs. */
  readonly #known = new WeakMap<DatabaseConnection, Connection>()

  constructor(driver: Driver, queries: CachedQueries) {
    this.#driver = driver
    this.#queries = queries
  }

  init(): Promise<void> {
    return this.#driver.init()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await this.#driver.acquireConnection()
    const known = this.#known.get(connection) ?? new Connection(connection, this.#queries.connection())
    this.#known.set(connection, known)
    return known
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { theirs, ours } = connection as Connection
    ours.begin()
    try {
      await this.#driver.beginTransaction(theirs, settings)
    } catch (error) {
      // The connection goes back for others to use.
      await ours.rollback(async () => {})
      throw error
    }
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    const { theirs, ours } = connection as Connection
    return ours.commit(() => this.#driver.commitTransaction(theirs))
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const { theirs, ours } = connection as Connection
    return ours.rollback(() => this.#driver.rollbackTransaction(theirs))
  }

  async savepoint(...[connection, ...rest]: Parameters<NonNullable<Driver['savepoint']>>): Promise<void> {
    await this.#driver.savepoint?.((connection as Connection).theirs, ...rest)
  }

  async rollbackToSavepoint(
    ...[connection, ...rest]: Parameters<NonNullable<Driver['rollbackToSavepoint']>>
  ): Promise<void> {
    await this.#driver.rollbackToSavepoint?.((connection as Connection).theirs, ...rest)
  }

  async releaseSavepoint(
    ...[connection, ...rest]: Parameters<NonNullable<Driver['releaseSavepoint']>>
  ): Promise<void> {
    await this.#driver.releaseSavepoint?.((connection as Connection).theirs, ...rest)
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    return this.#driver.releaseConnection((connection as Connection).theirs)
  }

  destroy(): Promise<void> {
    return this.#driver.destroy()
  }
}

class Connection implements DatabaseConnection {
  readonly theirs: DatabaseConnection
  readonly ours: CachedConnection

  constructor(theirs: DatabaseConnection, ours: CachedConnection) {
    this.theirs = theirs
    this.ours = ours
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.ours.run<QueryResult<R>, QueryResult<R>>({
      text: query.sql,
      values: query.parameters,
      shape: 'kysely',
      execute: () => this.theirs.executeQuery<R>(query),
      pack: ({ rows }) => ({ rows: rows.map((row) => ({ ...row })) }),
      unpack: (stored) => stored,
      count: ({ rows }) => rows.length,
    })
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    const { ended, settled } = runElsewhere(this.ours, query.sql, query.parameters)
    settled.catch(() => {})
    try {
      yield* this.theirs.streamQuery<R>(query, chunkSize)
      ended.resolve()
    } catch (error) {
      ended.reject(error)
      throw error
    } finally {
      // Whoever breaks off has written as well.
      ended.resolve()
      await settled
    }
  }
}
