import { createCache, systemClock } from '@tierstack/cache-core'
import type { Clock } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Library } from '../library.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import type { Results } from '../results.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'
import { percentile } from '../statistics.ts'

/** What it costs to free entries that expired and that nobody asks for. */
export const sweep: Scenario = {
  name: 'sweep',
  question: 'What does freeing expired entries cost?',
  // No other library frees them by itself without a timer each, or a walk over all at once.
  contestants: ['tierstack'],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 1, full: 2 },
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
      const steps: number[] = []
      const clock = timed(steps)
      const cache = createCache({ namespace: 'bench', tiers: [near], jitter: false, clock })
      const row = cache.define({ name: 'row', ttl: 500, load: (id: number) => ({ id }) })
      for (let id = 0; id < count; id++) await row(id)
      steps.length = 0
      let garbage = 0
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) garbage = Math.max(garbage, duration)
      })
      observer.observe({ entryTypes: ['gc'] })
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
      observer.disconnect()
      const step = Math.max(...steps)
      const p99 = percentile(steps, 0.99)
      return { sweep: { seconds: (performance.now() - began) / 1_000, cpu, longest, step, p99, garbage } }
    },
    end: () => Promise.resolve(),
  })
}

/** The system's clock, which notes how long what it calls back takes. */
function timed(steps: number[]): Clock {
  return {
    ...systemClock,
    after: (ms, callback) =>
      systemClock.after(ms, () => {
        const began = performance.now()
        callback()
        steps.push(performance.now() - began)
      }),
  }
}

function report(results: Results): Report {
  const of = (metric: string) => results.value('tierstack', 'sweep', metric)
  return {
    tables: [
      {
        title: 'Expired entries, freed in the background',
        note: 'All entries expire at about the same time; a million in a full run. CPU of the whole process, its waiting included. A step is what runs at a time; a step that takes long was interrupted by something else on the machine, or by the collecting of garbage, whose longest stop is beside it. The delay of a timer is everything together, and on a busy machine mostly that others run.',
        columns: [
          '',
          'seconds until all are gone',
          'CPU per entry, µs',
          'step p99, ms',
          'longest step, ms',
          'longest stop for garbage, ms',
          'longest delay of a timer, ms',
        ],
        rows: [
          [
            'tierstack',
            of('seconds').toFixed(1),
            of('cpu').toFixed(2),
            ...['p99', 'step', 'garbage', 'longest'].map((metric) => of(metric).toFixed(1)),
          ],
        ],
      },
    ],
    charts: [],
    targets: [
      target('a step that frees expired entries, p99', of('p99'), '≤', 5, 'ms'),
      target('the longest such step', of('step'), '≤', 5, 'ms'),
      target('longest delay while expired entries are freed', of('longest'), '≤', 5, 'ms'),
    ],
  }
}
