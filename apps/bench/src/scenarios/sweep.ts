import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Library } from '../library.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import type { Results } from '../results.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'

/** What it costs to free entries that expired and that nobody asks for. */
export const sweep: Scenario = {
  name: 'sweep',
  question: 'What does freeing expired entries cost?',
  // No other library frees them by itself without a timer each, or a walk over all at once.
  contestants: ['tierstack'],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 1, full: 3 },
  warmUp: false,
  flags: ['--max-old-space-size=4096'],
  prepare: withoutServers,
  enter,
  report,
}

function enter(_library: Library, _place: Place, level: Level): Promise<Seat> {
  const count = at(level, 5_000, 200_000, 1_000_000)
  return Promise.resolve({
    async play() {
      const near = memory({ maxEntries: count, maxBytes: Number.POSITIVE_INFINITY })
      const cache = createCache({ namespace: 'bench', tiers: [near], jitter: false })
      const row = cache.define({ name: 'row', ttl: 500, load: (id: number) => ({ id }) })
      for (let id = 0; id < count; id++) await row(id)
      const began = performance.now()
      const { user, system } = process.cpuUsage()
      let longest = 0
      let last = performance.now()
      while (near.size > 0 && performance.now() - began < 60_000) {
        await sleep(1)
        const now = performance.now()
        longest = Math.max(longest, now - last - 1)
        last = now
      }
      if (near.size > 0) throw new Error(`${near.size} entries were left`)
      const used = process.cpuUsage()
      const cpu = (used.user + used.system - user - system) / count
      await cache.close()
      return { sweep: { seconds: (performance.now() - began) / 1_000, cpu, longest } }
    },
    end: () => Promise.resolve(),
  })
}

function report(results: Results): Report {
  const of = (metric: string) => results.value('tierstack', 'sweep', metric)
  return {
    tables: [
      {
        title: 'Expired entries, freed in the background',
        note: 'All entries expire at about the same time; a million in a full run. CPU of the whole process, its waiting included.',
        columns: ['', 'seconds until all are gone', 'CPU per entry, µs', 'longest delay of a timer, ms'],
        rows: [['tierstack', of('seconds').toFixed(1), of('cpu').toFixed(2), of('longest').toFixed(1)]],
      },
    ],
    charts: [],
    targets: [target('longest delay while expired entries are freed', of('longest'), '≤', 5, 'ms')],
  }
}
