import { createWarmer, warm } from '@tierstack/cache-warmer'
import type { Application } from './application.ts'

const interval = '10m'
/** How far back the access log is read, hours. */
const lately = 24
const most = 1_000

/**
 * Loads the cities that the access log has most often: at once, and again every ten minutes. Returns what stops it.
 * `say` is told of the first run.
 */
export function startWarming(
  { caching, queries }: Pick<Application, 'caching' | 'queries'>,
  say: (text: string) => void,
): () => void {
  const warmer = createWarmer({
    tasks: [warm('cities asked for lately', caching.cityById, () => queries.hotCities(lately, most))],
  })
  let first = true
  return warmer.every(interval, {
    done: ({ tasks }) => {
      if (!first) return
      first = false
      for (const { name, loaded, skipped, seconds } of tasks)
        say(`Warm with ${name}: ${loaded} loaded, ${skipped} fresh, in ${seconds.toFixed(1)} s`)
    },
  })
}
