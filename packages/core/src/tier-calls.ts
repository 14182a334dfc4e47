import { answerInTime, Timeout } from './answer-in-time.ts'
import type { Clock } from './clock.ts'
import type { Events, TierVerb } from './events.ts'

/** Calls of one tier: each has its time to answer, and is told as one `call` where somebody listens. */
export class TierCalls {
  readonly #tier: string
  readonly #clock: Clock
  readonly #events: Events

  constructor(tier: string, clock: Clock, events: Events) {
    this.#tier = tier
    this.#clock = clock
    this.#events = events
  }

  inTime<T>(work: Promise<T>, ms: number): Promise<T> {
    return answerInTime(this.#clock, this.#tier, work, ms)
  }

  /** As `inTime`, of one verb. */
  told<T>(verb: TierVerb, items: number, run: () => Promise<T>, ms: number): Promise<T> {
    const events = this.#events
    if (!events.on.call) return this.inTime(run(), ms)
    const began = this.#clock.now()
    const tell = (outcome: 'ok' | 'timeout' | 'error') =>
      events.emit('call', { tier: this.#tier, verb, items, ms: this.#clock.now() - began, outcome })
    return this.inTime(run(), ms).then(
      (answer) => {
        tell('ok')
        return answer
      },
      (error: unknown) => {
        tell(error instanceof Timeout ? 'timeout' : 'error')
        throw error
      },
    )
  }
}
