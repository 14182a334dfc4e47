import { createCache } from '@tierstack/cache-core'
import type { Cache, Cached, Receipt, Tier, WriteQueue } from '@tierstack/cache-core'
import type { Change } from '@tierstack/cache-postgres'
import type { City, CityEdit, CountryStats, NearCity, Place, Queries, TopCity } from './database/queries.ts'

/** Searches are for at most this many characters; an edit drops those for every beginning of the name. */
export const longestSearch = 40

export interface Caching {
  readonly cache: Cache
  readonly cityById: Cached<number, City | null>
  readonly citiesByName: Cached<string, readonly City[]>
  readonly nearestCities: Cached<Place, readonly NearCity[]>
  readonly countryStats: Cached<string, CountryStats | null>
  readonly topCities: Cached<'all', readonly TopCity[]>
  /**
   * Writes to the database, then drops every answer that shows the city, before it resolves: to the city as it is,
   * with what the tiers said; or to undefined when there is no such city.
   */
  editCity(id: number, edit: CityEdit): Promise<{ city: City; receipt: Receipt } | undefined>
}

/** A row of the table as a change feed has it. */
type CityRow = {
  readonly id: string
  readonly name?: string | null
  readonly country?: string | null
  readonly lat?: string | null
  readonly lon?: string | null
}

/** The tags of what shows any of these cities. */
function cityTags(cities: readonly { readonly id: number }[]): string[] {
  return cities.map(({ id }) => `city:${id}`)
}

/** What shows any city at all: dropped when it is known that one changed, and not what it was before. */
const anyCity = 'any-city'

/** The tags of what shows a city that was changed behind the service's back, as far as the feed knows the row. */
export function tagsOfChangedCity({ key, row, before }: Change<CityRow>): string[] {
  const tags = [`city:${key?.[0] ?? ''}`]
  for (const one of [row, before]) {
    // Without the name and country of before and after it isn't known where the city showed, or will.
    if (typeof one?.name !== 'string' || typeof one.country !== 'string') continue
    tags.push(`country:${one.country}`, ...searchTags(one.name.toLowerCase()))
  }
  const known = [row, before].every((one) => typeof one?.name === 'string')
  // A place has no tag of its own: near which others it shows, before and after, isn't known either.
  const stayed = row?.lat === before?.lat && row?.lon === before?.lon
  return known && stayed ? tags : [...tags, anyCity]
}

/** The tags of every search that finds this name, which is given in lower case. */
function searchTags(name: string): string[] {
  return Array.from(
    { length: Math.min(name.length, longestSearch) },
    (_, i) => `name:${name.slice(0, i + 1)}`,
  )
}

/** One definition per question: its key, its query, what drops it, how long it lives. */
export function createCaching(queries: Queries, tiers: readonly Tier[], writeQueue?: WriteQueue): Caching {
  const cache = createCache({
    namespace: 'tierstack-demo',
    tiers,
    ...(writeQueue && { writeQueue }),
    ttl: { memory: '1m', default: '10m' },
    swr: '1m',
    staleIfError: '1d',
    bulkhead: { concurrentLoads: 32, queue: 1_000 },
  })

  const cityById = cache.define({
    name: 'city.byId',
    load: (id: number): Promise<City | null> => queries.cityById(id),
    // The misses of one turn of the event loop become one query.
    async loadMany(ids: readonly number[]): Promise<(City | null)[]> {
      const found = await queries.citiesByIds(ids)
      return ids.map((id) => found.get(id) ?? null)
    },
    tags: (_city, id) => [`city:${id}`],
  })

  const citiesByName = cache.define({
    name: 'city.byName',
    load: (prefix: string): Promise<readonly City[]> => queries.citiesByName(prefix),
    // Not those of the cities found: an edit can also bring a city into the answer.
    tags: (_cities, prefix) => [`name:${prefix}`, anyCity],
  })

  const nearestCities = cache.define({
    name: 'city.nearest',
    key: ({ lat, lon }: Place) => [lat, lon],
    load: (place: Place): Promise<readonly NearCity[]> => queries.nearestCities(place),
    tags: (cities) => [...cityTags(cities), anyCity],
  })

  const countryStats = cache.define({
    name: 'country.stats',
    load: (country: string): Promise<CountryStats | null> => queries.countryStats(country),
    tags: (_stats, country) => [`country:${country}`, anyCity],
  })

  const topCities = cache.define({
    name: 'city.top',
    load: (_all: 'all'): Promise<readonly TopCity[]> => queries.topCities(),
    tags: (cities) => cityTags(cities),
    // Popularity drifts without an edit.
    ttl: '10s',
  })

  return {
    cache,
    cityById,
    citiesByName,
    nearestCities,
    countryStats,
    topCities,
    async editCity(id, edit) {
      const edited = await queries.updateCity(id, edit)
      if (!edited) return undefined
      const { city, folded } = edited
      const tags = new Set([`city:${id}`, `country:${city.country}`, ...folded.flatMap(searchTags)])
      const receipt = await cache.invalidateTags([...tags])
      return { city, receipt }
    },
  }
}
