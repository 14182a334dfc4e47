import { AccessLog } from './access-log.ts'
import { createCaching } from './caching.ts'
import type { Caching } from './caching.ts'
import type { Closing } from './closing.ts'
import type { Database } from './database/database.ts'
import { openDatabase } from './database/open.ts'
import { createQueries } from './database/queries.ts'
import type { Queries } from './database/queries.ts'
import { allCities, isSeeded, seed } from './database/seed.ts'
import type { Row } from './database/seed.ts'
import type { DemoEdge } from './edge-front.ts'
import { openOperations } from './operations.ts'
import type { Operations } from './operations.ts'
import { countPageViews, openViewStore } from './page-views.ts'
import type { PageViews } from './page-views.ts'
import { ServedReads } from './served.ts'
import type { Tiers } from './tiers.ts'

/** One of so many accesses is written to the log. */
const accessSample = 20

export interface Application {
  readonly database: Database
  readonly queries: Queries
  readonly tiers: Tiers
  readonly caching: Caching
  readonly served: ServedReads
  readonly accessLog: AccessLog
  readonly operations: Operations
  readonly edge: DemoEdge | undefined
  readonly pageViews: PageViews
}

export interface ApplicationOptions {
  /** A PostgreSQL server, instead of the embedded one. */
  readonly databaseUrl: string | undefined
  /** Where the embedded database keeps its files; in memory without one. */
  readonly folder: string | undefined
  readonly tiers: () => Promise<Tiers>
  /** What stands in front. @default nothing */
  readonly edge?: () => Promise<DemoEdge | undefined>
  /** Switches the admin endpoint on. */
  readonly adminToken?: string | undefined
  /** What is loaded into an empty database. @default all cities of the data set */
  readonly rows?: () => Promise<readonly Row[]>
  /** Told what is going on. */
  readonly say: (text: string) => void
  /** Gets everything that has to be closed. */
  readonly closing: Closing
}

/** Opens the database and loads it if need be, chooses the tiers, and puts the cache between. */
export async function openApplication(options: ApplicationOptions): Promise<Application> {
  const { databaseUrl, folder, rows = allCities, say, closing } = options
  say(databaseUrl ? 'Connecting to the PostgreSQL of DATABASE_URL' : 'Opening the embedded PostgreSQL')
  const database = await openDatabase({ url: databaseUrl, folder })
  closing.add('database', () => database.close())
  if (!(await isSeeded(database))) say('Loading the cities of the world: once, some ten seconds')
  await seed(database, rows)

  const queries = createQueries(database)
  const tiers = await options.tiers()
  closing.add('second tier', () => tiers.stop())
  const edge = await options.edge?.()
  closing.add('edge', async () => edge?.close())
  const views = await openViewStore({ databaseUrl, folder }, closing)
  const chain = edge ? [...tiers.tiers, edge.tier] : tiers.tiers
  const caching = createCaching(queries, chain, views.queue)
  closing.add('cache', async () => {
    await caching.cache.drain({ timeout: '2s' })
    await caching.cache.close()
  })
  const served = new ServedReads(caching.cache)
  const live = { caching, database, queries, served, redis: tiers.redis }
  const operations = openOperations(live, options.adminToken, closing)
  const accessLog = new AccessLog(queries, accessSample)
  closing.add('access log', () => accessLog.close())
  const pageViews = countPageViews(caching.cache, views.table)
  return { database, queries, tiers, caching, served, accessLog, operations, edge, pageViews }
}
