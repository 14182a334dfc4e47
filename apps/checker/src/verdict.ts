import type { History } from './history.ts'
import { sharedNow } from './shared-time.ts'

/** The same on a silent one: the subscription lease. */
const hardBound = 500
/** After a fault the bus is not healthy at once: connections are made again, heartbeats come through. */
const aftermath = 1_500

export interface Counts {
  reads: number
  /** Reads that began after a newer version was acknowledged to the same process. Bound 0. */
  own: number
  /** … more than 50 ms after another process' acknowledgement, while the bus was healthy. */
  others: number
  /** … between 50 and 500 ms after it, while a fault was going on between the processes: within the declared bound. */
  silent: number
  /** … between 50 and 500 ms after it, where this process' (or the proxies') own event loop stood still so long. */
  late: number
  /** … more than 500 ms after it, whatever went on. */
  hard: number
  /** Reads that began after an earlier one of the same process had returned a newer version. */
  backwards: number
  /** Values that are not a row of the key that was asked for. */
  wrong: number
  /** Rejected reads. */
  errors: number
  /** Greatest time between another process' acknowledgement and the beginning of a read of the old version, ms. */
  worst: number
}

export function noCounts(): Counts {
  return {
    reads: 0,
    own: 0,
    others: 0,
    silent: 0,
    late: 0,
    hard: 0,
    backwards: 0,
    wrong: 0,
    errors: 0,
    worst: 0,
  }
}

/** Counts add up; the worst is the worst of both. */
export function addCounts(a: Counts, b: Counts): Counts {
  const sum = noCounts()
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] = a[name] + b[name]
  return { ...sum, worst: Math.max(a.worst, b.worst) }
}

const capacity = 1 << 16

/**
 * Judges reads shortly after they were made: each is noted as key, version and beginning, and compared with the
 * ledgers when a batch is full or a tick is over. Every acknowledgement from before a read began is in the ledgers by
 * then, so none escapes.
 */
export class Verdict {
  readonly counts: Counts = noCounts()
  /** The first few violations, in words. */
  readonly findings: string[] = []
  readonly #history: History
  readonly #tale: (key: number) => string
  readonly #keys = new Uint16Array(capacity)
  readonly #versions = new Uint32Array(capacity)
  readonly #starts = new Float64Array(capacity)
  readonly #ways: string[] = []
  #size = 0
  /** Other processes' memory, on a healthy bus, in ms. */
  readonly #healthyBound: number
  readonly #beganAt = sharedNow()

  /** @param tale What is known of a key, for findings. */
  constructor(history: History, healthyBound: number, tale: (key: number) => string = () => '') {
    this.#history = history
    this.#healthyBound = healthyBound
    this.#tale = tale
  }

  /** @param start Shared time before the call. */
  noted(key: number, version: number, start: number, way: string): void {
    const i = this.#size++
    this.#keys[i] = key
    this.#versions[i] = version
    this.#starts[i] = start
    this.#ways[i] = way
    if (this.#size === capacity) this.judge()
  }

  judge(): void {
    const history = this.#history
    history.update()
    const { newest } = history
    for (let i = 0; i < this.#size; i++) {
      const key = this.#keys[i] as number
      const version = this.#versions[i] as number
      if (version >= (newest[key] as number)) continue
      this.#suspicious(key, version, this.#starts[i] as number, this.#ways[i] as string)
    }
    this.counts.reads += this.#size
    this.#size = 0
  }

  found(what: string): void {
    if (what.startsWith('backwards') ? this.findings.length < 4 : this.findings.length < 12)
      this.findings.push(`${(sharedNow() - this.#beganAt).toFixed(0)} ms: ${what}`)
  }

  #suspicious(key: number, version: number, start: number, way: string): void {
    const history = this.#history
    const { own, others } = history.due(key, version)
    const { counts } = this
    if (start > own) {
      counts.own++
      this.found(
        `own: ${way} of ${key} gave version ${version}, ${(start - own).toFixed(1)} ms (begun ${start.toFixed(1)}) after this process was told it was gone; newer: ${history.removals(key, version)} ${this.#tale(key)}`,
      )
    }
    const staleness = start - others
    if (staleness <= this.#healthyBound) return
    const tale = `${way} of ${key} gave version ${version}, ${staleness.toFixed(1)} ms (begun ${start.toFixed(1)}) after it was acknowledged to be gone; newer: ${history.removals(key, version)} ${this.#tale(key)}`
    if (staleness > hardBound) {
      counts.hard++
      this.found(`hard: ${tale}`)
    } else if (history.silent(others, start, aftermath)) counts.silent++
    else if (staleness - history.lag(others, start) <= this.#healthyBound) counts.late++
    else {
      counts.others++
      this.found(`other: ${tale}`)
    }
    counts.worst = Math.max(counts.worst, staleness)
  }
}
