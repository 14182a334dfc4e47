import type { Administered } from '../administered.ts'
import type { ResolvedLivePageOptions } from './options.ts'
import { Quantiles } from './quantiles.ts'

export interface Latency {
  /** ms; null where nothing was timed lately. */
  readonly p50: number | null
  readonly p99: number | null
}

const source = ''

/** How long readers waited lately, by who answered. Listens only between `begin` and `end`. */
export class ReadTimes {
  readonly #cache: Administered
  readonly #reads: ResolvedLivePageOptions['reads']
  readonly #times = new Map<string, Quantiles>()
  #stops: readonly (() => void)[] = []

  constructor(cache: Administered, reads: ResolvedLivePageOptions['reads']) {
    this.#cache = cache
    this.#reads = reads
  }

  begin(): void {
    this.#times.clear()
    const note = (tier: string | undefined, ms: number) => this.#of(tier ?? source).note(ms)
    this.#stops = this.#reads
      ? [this.#reads(note)]
      : [
          this.#cache.on('call', ({ tier, verb, outcome, ms }) => {
            // A read that may load asks for the lease in the same round trip.
            if (outcome === 'ok' && (verb === 'read' || verb === 'lease')) note(tier, ms)
          }),
          this.#cache.on('load', ({ ms }) => note(undefined, ms)),
        ]
  }

  end(): void {
    for (const stop of this.#stops) stop()
    this.#stops = []
  }

  turn(): void {
    for (const times of this.#times.values()) times.turn()
  }

  /** Of a tier, or of the source. */
  latency(tier?: string): Latency {
    const times = this.#times.get(tier ?? source)
    return { p50: times?.at(0.5) ?? null, p99: times?.at(0.99) ?? null }
  }

  #of(name: string): Quantiles {
    let times = this.#times.get(name)
    if (times === undefined) {
      times = new Quantiles()
      this.#times.set(name, times)
    }
    return times
  }
}
