import { createCache, systemClock } from '@tierstack/cache-core'
import type { Clock } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Library } from '../library.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import { rowsOf } from '../report/rows.ts'
import type { Results } from '../results.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'
import type { Metrics } from '../sample.ts'
import { delays, Stretches } from '../stretches.ts'
import { entryOf } from '../tier-entry.ts'

/** What it costs to free entries: those that expired and that nobody asks for, and those that make room for others. */
export const sweep: Scenario = {
  name: 'sweep',
  question: 'What does freeing entries cost?',
  // No other library frees them by itself without a timer each, or a walk over all at once. A Map is emptied by hand.
  contestants: ['tierstack', 'Map'],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 1, full: 2 },
  warmUp: false,
  flags: ['--max-old-space-size=4096'],
  prepare: withoutServers,
  enter,
  report,
}

/** As ours does at most. */
const perStep = 1_000
const pace = 10
const patience = 60_000
/** Ms for which entries live. */
const life = 500

/** Entries that go by themselves. */
interface Expiring {
  readonly size: number
  /** From here on its steps are measured. */
  watch(steps: Stretches): void
  close(): Promise<void>
}

function enter(library: Library, _place: Place, level: Level): Promise<Seat> {
  const count = at(level, 5_000, 200_000, 1_000_000)
  return Promise.resolve({
    async play() {
      const evict = await evicting(library.name === 'Map' ? intoMap(count) : intoTier(count), count)
      const held = await (library.name === 'Map' ? mapOf(count) : cacheOf(count))
      // What filling left behind isn't the question.
      globalThis.gc?.()
      const steps = new Stretches()
      held.watch(steps)
      const began = performance.now()
      const { user, system } = process.cpuUsage()
      const waits = await delays(async () => {
        while (held.size > 0 && performance.now() - began < patience) await sleep(5)
      })
      if (held.size > 0) throw new Error(`${held.size} entries were left`)
      const used = process.cpuUsage()
      const cpu = (used.user + used.system - user - system) / count
      await held.close()
      const seconds = (performance.now() - began) / 1_000
      return { sweep: { seconds, cpu }, evict, step: await steps.end(), waits }
    },
    end: () => Promise.resolve(),
  })
}

/** Stores entries one by one, each in place of another. */
async function evicting(replace: (id: number) => void, count: number): Promise<Metrics> {
  for (let id = 0; id < count * 1.1; id++) replace(id)
  const calls = new Stretches()
  for (let id = count * 1.1; id < count * 1.3; id++) {
    const end = calls.begin()
    replace(id)
    end()
    if (id % 100 === 0) await new Promise(setImmediate)
  }
  return await calls.end()
}

function intoTier(count: number): (id: number) => void {
  const near = memory({ maxEntries: count, maxBytes: Number.POSITIVE_INFINITY })
  near.open({ clock: systemClock, evicted: () => {} })
  return (id) => near.set(`#row@1:n${id}`, entryOf(id))
}

function intoMap(count: number): (id: number) => void {
  const entries = new Map<number, object>()
  return (id) => {
    entries.set(id, { id, expiresAt: id })
    if (entries.size > count) entries.delete(id - count)
  }
}

async function cacheOf(count: number): Promise<Expiring> {
  const near = memory({ maxEntries: count, maxBytes: Number.POSITIVE_INFINITY })
  let steps: Stretches | undefined
  const clock: Clock = {
    ...systemClock,
    after: (ms, callback) =>
      systemClock.after(ms, () => {
        const end = steps?.begin()
        callback()
        end?.()
      }),
  }
  const cache = createCache({ namespace: 'bench', tiers: [near], jitter: false, clock })
  const row = cache.define({ name: 'row', ttl: life, load: (id: number) => ({ id }) })
  for (let id = 0; id < count; id++) await row(id)
  return {
    get size() {
      return near.size
    },
    watch(given) {
      steps = given
    },
    close: () => cache.close(),
  }
}

/** What the same number of entries in a Map costs at the same pace. */
function mapOf(count: number): Promise<Expiring> {
  const entries = new Map<number, { readonly id: number; readonly expiresAt: number }>()
  const expiresAt = performance.now() + life
  for (let id = 0; id < count; id++) entries.set(id, { id, expiresAt })
  let walk = entries.entries()
  const step = (): void => {
    const now = performance.now()
    for (let i = 0; i < perStep; i++) {
      const next = walk.next()
      if (next.done === true) {
        walk = entries.entries()
        return
      }
      const [id, entry] = next.value
      if (entry.expiresAt < now) entries.delete(id)
    }
  }
  return Promise.resolve({
    get size() {
      return entries.size
    },
    watch(steps) {
      const timer = setInterval(() => {
        const end = steps.begin()
        step()
        end()
        if (entries.size === 0) clearInterval(timer)
      }, pace)
    },
    close: () => Promise.resolve(),
  })
}

function report(results: Results): Report {
  const shown = (name: string, kase: string, metric: string, digits = 1) =>
    results.has(name, kase, metric) ? results.value(name, kase, metric).toFixed(digits) : '–'
  const worst = (name: string, kase: string, metric: string) =>
    results.has(name, kase, metric) ? results.worst(name, kase, metric).toFixed(1) : '–'
  return {
    tables: [
      {
        title: 'Expired entries, freed in the background',
        note: 'All entries expire at about the same time; a million in a full run. `Map`: as many entries, deleted by hand at the same pace. CPU of the whole process, its waiting included. A step is what runs at a time; the longest of all rounds. `own`: the longest step of the program itself, without stops for collecting garbage (the longest is beside it) and without the time in which the machine gave the process no processor. The delay of a timer is everything together, and on a busy machine mostly that others run.',
        columns: [
          '',
          'seconds until all are gone',
          'CPU per entry, µs',
          'step p99, ms',
          'longest step, ms',
          'own, ms',
          'longest stop for garbage, ms',
          'longest delay of a timer, ms',
        ],
        rows: rowsOf(results, (name) => [
          shown(name, 'sweep', 'seconds'),
          shown(name, 'sweep', 'cpu', 2),
          shown(name, 'step', 'p99'),
          worst(name, 'step', 'longest'),
          worst(name, 'step', 'own'),
          worst(name, 'waits', 'garbage'),
          worst(name, 'waits', 'longest'),
        ]),
      },
      {
        title: 'Entries that make room for others',
        note: 'Stored one by one into a full tier; the longest of all rounds. `Map`: the oldest is deleted by hand.',
        columns: ['', 'p99, ms', 'longest call, ms', 'own, ms', 'longest stop for garbage, ms'],
        rows: rowsOf(results, (name) => [
          shown(name, 'evict', 'p99', 3),
          ...['longest', 'own', 'garbage'].map((metric) => worst(name, 'evict', metric)),
        ]),
      },
    ],
    charts: [],
    targets: [
      target(
        'longest call that evicts, of the tier itself',
        results.worst('tierstack', 'evict', 'own'),
        '≤',
        5,
        'ms',
      ),
      target('longest step of the tier itself', results.worst('tierstack', 'step', 'own'), '≤', 5, 'ms'),
      target(
        'a step that frees expired entries, p99',
        results.value('tierstack', 'step', 'p99'),
        '≤',
        5,
        'ms',
      ),
      target(
        'the longest such step, whatever stopped it',
        results.worst('tierstack', 'step', 'longest'),
        '≤',
        5,
        'ms',
      ),
      target(
        'longest delay while expired entries are freed',
        results.worst('tierstack', 'waits', 'longest'),
        '≤',
        5,
        'ms',
      ),
    ],
  }
}
