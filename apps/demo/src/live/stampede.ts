import type { Caching } from '../caching.ts'

/** Removes the dearest answer and asks for it by so many readers at once. */
export async function stampede(
  { cache, countryStats }: Caching,
  country: string,
  readers: number,
): Promise<string> {
  const key = countryStats.keyFor(country)
  let loads = 0
  let removals = 0
  const stops = [
    cache.on('load', (event) => {
      if (event.key() === key) loads++
    }),
    cache.on('invalidate', () => {
      removals++
    }),
  ]
  try {
    await countryStats.delete(country)
    removals = 0
    const began = performance.now()
    const answers = await Promise.all(Array.from({ length: readers }, () => countryStats(country)))
    const ms = (performance.now() - began).toFixed(0)
    const [first] = answers
    if (!first) return `There is no city in a country ${country}.`
    const same = answers.every((answer) => answer?.population === first.population)
    // Readers who came after a removal don't get what was loaded before it.
    const why = loads > 1 && removals > 0 ? ' (removals came in between)' : ''
    const queries = loads === 1 ? 'one query' : `${loads} queries${why}`
    return (
      `${readers.toLocaleString('en')} readers at once asked for ${country}, which nobody had: ${queries} to the database, ` +
      `all answered ${same ? 'the same ' : ''}after ${ms} ms.`
    )
  } finally {
    for (const stop of stops) stop()
  }
}
