import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Metrics } from './sample.ts'
import { percentile } from './statistics.ts'

interface Stretch {
  readonly began: number
  /** Ms by the clock. */
  readonly took: number
  /** Ms of processors that the process had meanwhile. */
  readonly used: number
}

/**
 * Stretches of time in which nothing else of the process could run. How long each took by the clock; and how much of
 * that the program itself did: without the time in which the process had no processor, and without stops for
 * collecting garbage.
 */
export class Stretches {
  readonly #stretches: Stretch[] = []
  readonly #stops: { readonly from: number; readonly to: number }[] = []
  readonly #observer: PerformanceObserver

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries())
        this.#stops.push({ from: startTime, to: startTime + duration })
    })
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** Begins a stretch; to be called when it ends. `slept`: ms of it that were meant to pass. */
  begin(): (slept?: number) => void {
    const began = performance.now()
    const before = used()
    return (slept = 0) => {
      const took = Math.max(0, performance.now() - began - slept)
      this.#stretches.push({ began, took, used: used() - before })
    }
  }

  /** Ms: 99th percentile and longest, the longest of the program's own doing, the longest stop for garbage. */
  async end(): Promise<Metrics> {
    // Stops are told of behind.
    await sleep(20)
    this.#observer.disconnect()
    const times = this.#stretches.map(({ took }) => took)
    const own = this.#stretches.map((stretch) => this.#own(stretch))
    const stops = this.#stops.map(({ from, to }) => to - from)
    return {
      p99: percentile(times, 0.99),
      longest: highest(times),
      own: highest(own),
      garbage: highest(stops),
    }
  }

  #own({ began, took, used: busy }: Stretch): number {
    let stopped = 0
    for (const { from, to } of this.#stops)
      stopped += Math.max(0, Math.min(began + took, to) - Math.max(began, from))
    return Math.min(took, busy) - stopped
  }
}

function highest(numbers: readonly number[]): number {
  return numbers.reduce((most, one) => Math.max(most, one), 0)
}

/** How long the event loop waits while the work goes on: what a timer of 1 ms is late. */
export async function delays(work: () => Promise<unknown>): Promise<Metrics> {
  const stretches = new Stretches()
  let working = true
  const watch = async () => {
    while (working) {
      const end = stretches.begin()
      await sleep(1)
      end(1)
    }
  }
  const watching = watch()
  await work()
  working = false
  await watching
  return await stretches.end()
}

/** Of the whole process: too much rather than too little. What is counted by thread is counted by tick of the system's, 4 ms. */
function used(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
