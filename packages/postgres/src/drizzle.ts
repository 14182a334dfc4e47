import type { CachedQueries } from './cached-queries.ts'
import { cachedClient as cachedPg, cachedPool } from './pg.ts'
import { cachedSql } from './postgres-js.ts'

type AnyFunction = (...args: never[]) => unknown

/**
 * The client for `drizzle(…)` over `pg` (a pool or a client) or postgres.js, with its queries cached: selects, relational
 * queries and raw SQL alike. Transactions bypass the cache; what they wrote is invalidated after the commit, and forgotten
 * when they are rolled back.
 *
 * Drizzle's own `cache` option can't do this: it is told of a write while the statement still runs, never of a commit or
 * a rollback, and serves and fills the shared cache inside of transactions. Leave it out.
 *
 * @example
 * const db = drizzle({ client: cachedClient(new Pool({ connectionString }), queries) })
 */
export function cachedClient<C extends object>(client: C, queries: CachedQueries): C {
  if (typeof client === 'function')
    return cachedSql(client as unknown as AnyFunction, queries) as unknown as C
  const pg = client as unknown as { query: AnyFunction; connect: AnyFunction }
  const isPool = 'totalCount' in client
  return (isPool ? cachedPool(pg, queries) : cachedPg(pg, queries)) as unknown as C
}
