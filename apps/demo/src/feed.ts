import { setTimeout as sleep } from 'node:timers/promises'
import { changeFeed, listenNotify, logicalReplication, SetupError } from '@tierstack/cache-postgres'
import type { ChangeFeed, ChangeSource } from '@tierstack/cache-postgres'
import type { Application } from './application.ts'
import { tagsOfChangedCity } from './caching.ts'

const tables = ['tierstack_demo.cities']
/** What tells where a city shows, besides its id: triggers are asked for it, the log has it by itself. */
const columns = { 'tierstack_demo.cities': ['name', 'country', 'lat', 'lon'] }
const patienceMs = 10_000

export interface Following {
  /** By which way changes come. */
  readonly by: string
  close(): Promise<void>
}

/**
 * Follows changes that are made without the service: by logical replication where the server and its user allow it, else by
 * LISTEN/NOTIFY, as with the embedded PostgreSQL.
 */
export async function followChanges(
  application: Pick<Application, 'database' | 'caching' | 'operations'>,
): Promise<Following> {
  const { feed } = application.database
  if ('database' in feed)
    return await follow(application, listenNotify({ ...feed, tables, columns, install: true }))
  try {
    const options = {
      ...feed,
      tables,
      publication: 'tierstack_demo',
      slot: 'tierstack_demo',
      perProcess: true,
    }
    return await follow(application, logicalReplication(options))
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    return await follow(
      application,
      listenNotify({ ...feed, tables, columns, install: true, perProcess: true }),
    )
  }
}

async function follow(
  { caching, operations }: Pick<Application, 'caching' | 'operations'>,
  source: ChangeSource,
): Promise<Following> {
  const feed: ChangeFeed = changeFeed({
    cache: caching.cache,
    source,
    map: { 'tierstack_demo.cities': tagsOfChangedCity },
  })
  try {
    await feed.ready()
    operations.follow(() => feed.stats().lagMs)
    return { by: source.name, close: () => feed.close() }
  } catch (error) {
    await feed.close()
    throw error
  }
}

/** Edits a cached city by SQL alone, and resolves to the ms until a read through the cache shows it. The edit is undone. */
export async function editBehindTheBack({
  queries,
  caching,
}: Pick<Application, 'queries' | 'caching'>): Promise<number> {
  const [city] = await queries.citiesByPopulation()
  if (city === undefined) return 0
  const { id, population } = city
  await caching.cityById(id)
  await queries.updateCity(id, { population: population + 1 })
  const began = performance.now()
  try {
    while ((await caching.cityById(id))?.population !== population + 1) {
      if (performance.now() - began > patienceMs)
        throw new Error(`An edit behind the cache's back did not show within ${patienceMs} ms.`)
      await sleep(1)
    }
    return performance.now() - began
  } finally {
    await caching.editCity(id, { population })
  }
}
