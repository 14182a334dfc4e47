import type { Database } from './database.ts'
import * as statements from './statements.ts'

export interface City {
  readonly id: number
  readonly name: string
  /** ISO 3166-1, two letters. */
  readonly country: string
  /** GeoNames' code of the first administrative division. */
  readonly region: string
  readonly population: number
  readonly lat: number
  readonly lon: number
}

export interface NearCity extends City {
  readonly km: number
}

export interface Place {
  readonly lat: number
  readonly lon: number
}

export interface CountryStats {
  readonly country: string
  readonly cities: number
  readonly population: number
  readonly mean: number
  readonly median: number
  readonly p90: number
  /** How unequally people are spread over the cities: 0 evenly, 1 all in one. Null where nobody lives. */
  readonly gini: number | null
  /** Median distance from one of the 200 largest cities to the nearest other one. */
  readonly neighbourKm: number | null
  readonly regions: readonly {
    readonly region: string
    readonly cities: number
    readonly population: number
  }[]
  readonly largest: readonly Pick<City, 'id' | 'name' | 'population'>[]
}

export interface TopCity extends Pick<City, 'id' | 'name' | 'country' | 'population'> {
  /** Entries of the access log of the last 30 days. */
  readonly reads: number
}

export interface CityEdit {
  readonly name?: string
  readonly population?: number
}

export interface EditedCity {
  readonly city: City
  /** The names before and after as searches compare them: in lower case, as PostgreSQL makes it. */
  readonly folded: readonly string[]
}

/** The five questions of the service. With or without a cache, the answers are the same. */
export interface Reads {
  /** Null when there is no such city. */
  cityById(id: number): Promise<City | null>
  /** The ten largest cities whose name begins with this, given in lower case. */
  citiesByName(prefix: string): Promise<readonly City[]>
  /** The ten cities nearest to a place, on the globe. */
  nearestCities(place: Place): Promise<readonly NearCity[]>
  /** Null for a country without cities. */
  countryStats(country: string): Promise<CountryStats | null>
  /** The ten cities most often asked for. */
  topCities(): Promise<readonly TopCity[]>
}

export interface Queries extends Reads {
  citiesByIds(ids: readonly number[]): Promise<ReadonlyMap<number, City>>
  /** Undefined when there is no such city. */
  updateCity(id: number, edit: CityEdit): Promise<EditedCity | undefined>
  /** The cities most often asked for in the last hours, the first of them first. */
  hotCities(hours: number, limit: number): Promise<readonly number[]>
  logAccesses(ids: readonly number[]): Promise<void>
  /** All cities, most populous first. */
  citiesByPopulation(): Promise<readonly City[]>
  ping(): Promise<void>
}

/** What stands for itself in a `like` pattern. */
function literal(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`)
}

export function createQueries(database: Database): Queries {
  return {
    async cityById(id) {
      const [city] = await database.run<City>(statements.cityById, [id])
      return city ?? null
    },
    async citiesByIds(ids) {
      const cities = await database.run<City>(statements.citiesByIds, [ids])
      return new Map(cities.map((city) => [city.id, city]))
    },
    citiesByName(prefix) {
      return database.run<City>(statements.citiesByName, [`${literal(prefix)}%`])
    },
    nearestCities({ lat, lon }) {
      return database.run<NearCity>(statements.nearestCities, [lat, lon])
    },
    async countryStats(country) {
      const [stats] = await database.run<CountryStats>(statements.countryStats, [country])
      return stats ?? null
    },
    async hotCities(hours, limit) {
      const cities = await database.run<{ readonly id: number }>(statements.hotCities, [hours, limit])
      return cities.map(({ id }) => id)
    },
    topCities() {
      return database.run<TopCity>(statements.topCities)
    },
    async updateCity(
      id,
      { name = null, population = null }: { name?: string | null; population?: number | null },
    ) {
      const [row] = await database.run<City & { folded: string[] }>(statements.updateCity, [
        id,
        name,
        population,
      ])
      if (!row) return undefined
      const { folded, ...city } = row
      return { city, folded }
    },
    async logAccesses(ids) {
      await database.run(statements.logAccesses, [ids])
    },
    async citiesByPopulation() {
      const [row] = await database.run<{ list: string | null }>(statements.citiesByPopulation)
      const list = JSON.parse(row?.list ?? '[]') as [number, string, string, string, number, number, number][]
      return list.map(([id, name, country, region, population, lat, lon]) => ({
        id,
        name,
        country,
        region,
        population,
        lat,
        lon,
      }))
    },
    async ping() {
      await database.run(statements.ping)
    },
  }
}
