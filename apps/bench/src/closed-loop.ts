import { percentile } from './statistics.ts'
import type { Metrics } from './sample.ts'

export interface Loop {
  readonly callers: number
  /**
   * How long new calls are begun: until this process has used so many ms of the processor (a machine that does other
   * work as well only makes it take longer), at most twice as long on the clock.
   */
  readonly ms: number
  /** The key of the next call; undefined: no more. */
  readonly next: () => string | undefined
  readonly call: (key: string) => Promise<unknown>
  /** Is this the answer? One that isn't ends the contest for whoever gave it. */
  readonly right: (key: string, answer: unknown) => boolean
  /** What one call counts as: the keys of a bulk read. */
  readonly perCall?: number
  /** Loads so far, where hits are to be measured: who loads instead isn't measured. */
  readonly loads?: () => number
}

const mostLatencies = 200_000
const longest = 2
/** Asking for CPU time costs more than a hit. */
const looksEvery = 1_000
/** Loads among a thousand reads that a measurement of hits bears. */
const mostLoaded = 20

/**
 * So many callers, each of whom asks again as soon as it has its answer. Reads per second, latency in µs, and CPU of
 * this process per read in µs: the steadiest of the three, as neighbours hardly move it. Nothing of it where loads were
 * measured instead of hits.
 */
export async function closedLoop(loop: Loop): Promise<Metrics> {
  const { callers, ms, next, call, right, perCall = 1, loads = () => 0 } = loop
  const loadsBefore = loads()
  const latencies = new Float64Array(mostLatencies)
  let calls = 0
  let end = 0
  let done = false
  let began = 0
  const cpu = process.cpuUsage()
  const caller = async () => {
    for (;;) {
      const start = performance.now()
      if (done || start >= end) return
      const key = next()
      if (key === undefined) return
      const answer = await call(key)
      if (!right(key, answer)) throw new WrongAnswer(key, answer)
      const took = performance.now() - start
      if (calls < mostLatencies) latencies[calls] = took
      calls++
      if (calls % looksEvery === 0) {
        done = used(cpu) >= ms * 1_000
        // Who loads without ever waiting would keep the process from hearing that Redis is back.
        if (loads() > loadsBefore) await new Promise(setImmediate)
      }
    }
  }
  began = performance.now()
  end = began + ms * longest
  await Promise.all(Array.from({ length: callers }, caller))
  const spent = used(cpu)
  const seconds = (performance.now() - began) / 1_000
  const measured = latencies.subarray(0, Math.min(calls, mostLatencies))
  const reads = calls * perCall
  const loaded = (1_000 * (loads() - loadsBefore)) / reads
  if (loaded > mostLoaded) return { calls, loaded }
  return {
    calls,
    perSecond: reads / seconds,
    p50: percentile(measured, 0.5) * 1_000,
    p99: percentile(measured, 0.99) * 1_000,
    cpu: spent / reads,
    loaded,
  }
}

/** Microseconds of the processor since `cpu`. */
function used(cpu: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(cpu)
  return user + system
}

export class WrongAnswer extends Error {
  constructor(key: string, answer: unknown) {
    super(`wrong answer for ${key}: ${(JSON.stringify(answer) ?? 'undefined').slice(0, 60)}`)
  }
}
