import type { Caching } from './caching.ts'
import type { City, Place, Reads } from './database/queries.ts'
import { fromDatabase } from './served.ts'
import type { Served, ServedReads } from './served.ts'
import { zipf } from './zipf.ts'

/** One request for the service. */
export type Question =
  | { readonly endpoint: 'city'; readonly id: number }
  | { readonly endpoint: 'search'; readonly prefix: string }
  | { readonly endpoint: 'near'; readonly place: Place }
  | { readonly endpoint: 'country'; readonly country: string }
  | { readonly endpoint: 'top' }

export type Endpoint = Question['endpoint']

/** Answers a question, and tells who did and how long that took. */
export type Ask = (question: Question) => Promise<Served<unknown>>

/** How often each endpoint is asked, in percent. */
export const mix: Readonly<Record<Endpoint, number>> = { city: 55, search: 22, near: 15, country: 3, top: 5 }

/** The load asks for so many of the most populous cities: those with some 95,000 people or more. */
export const askedCities = 5_000

/** How steeply popularity falls with the rank of a city's population. */
const zipfExponent = 1.3

/** Two decimals: about a kilometre, so that neighbours share an answer. */
export function roundPlace({ lat, lon }: Place): Place {
  // Adding 0 turns -0 into 0, which are two keys otherwise.
  return { lat: Math.round(lat * 100) / 100 + 0, lon: Math.round(lon * 100) / 100 + 0 }
}

function endpointAt(percent: number): Endpoint {
  let upTo = 0
  for (const [endpoint, share] of Object.entries(mix)) {
    upTo += share
    if (percent < upTo) return endpoint as Endpoint
  }
  return 'top'
}

export interface Questions {
  readonly ask: () => Question
  /** A city, the popular ones more often. */
  readonly city: () => City
}

/** Draws questions about the cities, given most popular first: Zipf's law over them, `mix` over the endpoints. */
export function createQuestions(cities: readonly City[], random: () => number): Questions {
  const place = zipf(cities.length, zipfExponent, random)
  const city = (): City => cities[place()] as City
  return {
    city,
    ask() {
      const endpoint = endpointAt(random() * 100)
      const about = city()
      switch (endpoint) {
        case 'city':
          return { endpoint, id: about.id }
        case 'search': {
          // People type three letters or more before they look at the answer.
          const letters = Array.from(about.name.toLowerCase())
          return { endpoint, prefix: letters.slice(0, 3 + Math.floor(random() * 4)).join('') }
        }
        case 'near':
          return { endpoint, place: roundPlace(about) }
        case 'country':
          return { endpoint, country: about.country }
        case 'top':
          return { endpoint }
      }
    },
  }
}

/** Asks through the cache. */
export function askCache(caching: Caching, served: ServedReads): Ask {
  return (question) => {
    switch (question.endpoint) {
      case 'city':
        return served.read(caching.cityById, question.id)
      case 'search':
        return served.read(caching.citiesByName, question.prefix)
      case 'near':
        return served.read(caching.nearestCities, question.place)
      case 'country':
        return served.read(caching.countryStats, question.country)
      case 'top':
        return served.read(caching.topCities, 'all')
    }
  }
}

/** Asks the database each time, as a service without a cache would. */
export function askDatabase(reads: Reads): Ask {
  const answer = (question: Question): Promise<unknown> => {
    switch (question.endpoint) {
      case 'city':
        return reads.cityById(question.id)
      case 'search':
        return reads.citiesByName(question.prefix)
      case 'near':
        return reads.nearestCities(question.place)
      case 'country':
        return reads.countryStats(question.country)
      case 'top':
        return reads.topCities()
    }
  }
  return async (question) => {
    const began = performance.now()
    const value = await answer(question)
    return { value, source: fromDatabase, ms: performance.now() - began }
  }
}
