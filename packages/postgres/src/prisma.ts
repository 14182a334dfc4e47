import type { CachedConnection } from './cached-connection.ts'
import type { CachedQueries } from './cached-queries.ts'
import { overriding } from './overriding.ts'
import { batchOf, BatchRows, Unlike } from './prisma-batch.ts'
import type { BatchQuery } from './prisma-batch.ts'

/** What Prisma hands to a driver adapter. */
interface SqlQuery {
  readonly sql: string
  readonly args: readonly unknown[]
  readonly argTypes: readonly unknown[]
}

interface SqlResultSet {
  readonly columnTypes: readonly unknown[]
  readonly columnNames: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  readonly lastInsertId?: string
}

interface Queryable {
  queryRaw(query: SqlQuery): Promise<SqlResultSet>
  executeRaw(query: SqlQuery): Promise<number>
}

interface Transaction extends Queryable {
  commit(): Promise<void>
  rollback(): Promise<void>
}

interface Adapter extends Queryable {
  executeScript(script: string): Promise<void>
  startTransaction(isolationLevel?: unknown): Promise<Transaction>
}

/** What `PrismaPg` and its kin are to us. */
interface AdapterFactory {
  connect(): Promise<unknown>
}

/**
 * A driver adapter of Prisma for PostgreSQL whose queries are cached: below the client, where every query passes, those
 * of nested reads and raw ones too, and where a transaction begins and ends. Transactions bypass the cache; what they
 * wrote is invalidated after the commit, and forgotten when they are rolled back.
 *
 * @example
 * const prisma = new PrismaClient({ adapter: cachedAdapter(new PrismaPg({ connectionString }), queries) })
 */
export function cachedAdapter<F extends AdapterFactory>(factory: F, queries: CachedQueries): F {
  return overriding(factory, {
    connect: async () => cachedConnection((await factory.connect()) as Adapter, queries),
  })
}

function cachedConnection(adapter: Adapter, queries: CachedQueries): Adapter {
  // Each statement outside of a transaction is one of its own.
  const single = () => queries.connection()
  return overriding(adapter, {
    ...caching(adapter, single),
    queryRaw: (query: SqlQuery) => readSingle(adapter, queries, query),
    executeScript: (script: string) =>
      write(queries.connection(), script, [], () => adapter.executeScript(script)),
    startTransaction: async (isolationLevel?: unknown) => {
      const connection = queries.connection()
      const transaction = await adapter.startTransaction(isolationLevel)
      connection.begin()
      return overriding(transaction, {
        ...caching(transaction, () => connection),
        // Depending on the adapter, COMMIT was a statement before: then nothing is left to be done.
        commit: () => connection.commit(() => transaction.commit()),
        rollback: () => connection.rollback(() => transaction.rollback()),
      })
    },
  })
}

function caching(
  queryable: Queryable,
  connection: () => CachedConnection,
): Readonly<Record<string, unknown>> {
  return {
    queryRaw: (query: SqlQuery) => read(queryable, connection(), query),
    executeRaw: (query: SqlQuery) =>
      write(connection(), query.sql, query.args, () => queryable.executeRaw(query)),
  }
}

function read(
  queryable: Queryable,
  connection: CachedConnection,
  query: SqlQuery,
  execute: () => Promise<SqlResultSet> = () => queryable.queryRaw(query),
): Promise<SqlResultSet> {
  return connection.run<SqlResultSet, SqlResultSet>({
    text: query.sql,
    values: query.args,
    shape: `prisma ${JSON.stringify(query.argTypes)}`,
    execute,
    pack: (result) => ({ ...result }),
    unpack: (stored) => stored,
    count: ({ rows }) => rows.length,
  })
}

/** A statement outside of a transaction. */
async function readSingle(adapter: Adapter, queries: CachedQueries, query: SqlQuery): Promise<SqlResultSet> {
  const batch = batchOf(query)
  try {
    if (batch !== undefined) return await readRows(adapter, queries, batch)
  } catch (error) {
    if (!(error instanceof Unlike)) throw error
  }
  try {
    return await read(adapter, queries.connection(), query)
  } catch (error) {
    // It was read together with others.
    if (error instanceof Unlike) return await adapter.queryRaw(query)
    throw error
  }
}

/** A batch as the statements for each of its values, of which those that aren't cached are read by one. */
async function readRows(adapter: Adapter, queries: CachedQueries, batch: BatchQuery): Promise<SqlResultSet> {
  const rows = new BatchRows<SqlResultSet>(batch, (query) => adapter.queryRaw(query))
  const results = await Promise.all(
    batch.texts.map((text) =>
      read(adapter, queries.connection(), batch.queryFor([text]), () => rows.rowsOf(text)),
    ),
  )
  const [first] = results as [SqlResultSet, ...SqlResultSet[]]
  return { ...first, rows: results.flatMap((result) => result.rows) }
}

function write<R>(
  connection: CachedConnection,
  text: string,
  values: readonly unknown[],
  execute: () => Promise<R>,
): Promise<R> {
  const same = (result: R): R => result
  return connection.run<R, R>({
    text,
    values,
    shape: '',
    uncached: true,
    execute,
    pack: same,
    unpack: same,
    count: () => 0,
  })
}
