import { median, spread } from './statistics.ts'
import type { Sample } from './sample.ts'

export interface Played {
  readonly name: string
  readonly version: string
  readonly note: string
  /** By round. Empty when it never came that far. */
  readonly samples: readonly Sample[]
  /** Why it is out: it answered wrongly, threw, or hung. */
  readonly error: string | undefined
}

/** What all contestants of a scenario brought. Ratios are taken inside a round, then their median. */
export class Results {
  readonly contestants: readonly Played[]
  readonly rounds: number

  constructor(contestants: readonly Played[], rounds: number) {
    this.contestants = contestants
    this.rounds = rounds
  }

  value(name: string, kase: string, metric: string): number {
    return median(this.#numbers(name, kase, metric))
  }

  /** The highest of all rounds. */
  worst(name: string, kase: string, metric: string): number {
    const numbers = this.#numbers(name, kase, metric)
    return numbers.length === 0 ? Number.NaN : Math.max(...numbers)
  }

  spread(name: string, kase: string, metric: string): number {
    return spread(this.#numbers(name, kase, metric))
  }

  /** Median over the rounds of value / value of `to`, optionally of another case. */
  ratio(name: string, kase: string, metric: string, to: string, toCase: string = kase): number {
    const own = this.#of(name)
    const other = this.#of(to)
    const ratios: number[] = []
    for (const [round, sample] of own.entries()) {
      const value = sample[kase]?.[metric]
      const by = other[round]?.[toCase]?.[metric]
      if (value !== undefined && by !== undefined) ratios.push(value / by)
    }
    return median(ratios)
  }

  has(name: string, kase: string, metric: string): boolean {
    return this.#numbers(name, kase, metric).length > 0
  }

  #of(name: string): readonly Sample[] {
    return this.contestants.find((one) => one.name === name)?.samples ?? []
  }

  #numbers(name: string, kase: string, metric: string): number[] {
    return this.#of(name).flatMap((sample) => sample[kase]?.[metric] ?? [])
  }
}
