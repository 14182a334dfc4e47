import type { ScriptCall } from './call.ts'
import type { Connection } from './connection.ts'
import { textOf } from './port.ts'

/**
 * Sends, again and again, a number through the data connection to this process' own channel. Its answer proves that
 * the data connection lives and which epoch counts; its arrival on the subscriber's connection proves that every
 * message before it arrived there too.
 */
export class Heartbeat {
  readonly #connection: Connection
  readonly #interval: number
  readonly #sent = new Map<number, number>()
  #answered: (() => void) | undefined
  #number = 0
  #waitingSince: number | undefined
  #tickedAt: number
  #cancel: (() => void) | undefined
  #ended = false

  constructor(connection: Connection, interval: number) {
    this.#connection = connection
    this.#interval = interval
    this.#tickedAt = connection.host.clock.now()
    connection.watch({
      greeted: () => {
        this.#send()
        this.#schedule()
      },
      lost: () => {
        // A number sent before the loss proves nothing about what comes after it.
        this.#sent.clear()
        this.#waitingSince = undefined
        this.#cancel?.()
      },
    })
  }

  /** When a number was sent, on `clock.now()`; undefined for one that we didn't send, or that doesn't count. */
  sentAt(number: number): number | undefined {
    return this.#sent.get(number)
  }

  onAnswer(callback: () => void): void {
    this.#answered = callback
  }

  /** One out of turn, for whoever waits for the proof. */
  beat(): void {
    if (this.#connection.usable && !this.#ended) this.#send()
  }

  close(): void {
    this.#ended = true
    this.#cancel?.()
  }

  #schedule(): void {
    this.#cancel?.()
    if (this.#ended) return
    this.#cancel = this.#connection.host.clock.after(this.#interval, () => {
      this.#tick()
      if (this.#connection.usable) this.#schedule()
    })
  }

  #tick(): void {
    const now = this.#connection.host.clock.now()
    // Late ourselves: the answer may be waiting behind us to be read.
    const late = now - this.#tickedAt > 1.5 * this.#interval + 20
    this.#tickedAt = now
    if (this.#waitingSince === undefined) this.#send()
    else if (!late && now - this.#waitingSince > 2 * this.#interval + 50) {
      this.#connection.lose(new Error(`no answer from Redis for ${Math.round(now - this.#waitingSince)} ms`))
    }
  }

  #send(): void {
    const { layout, origin, host } = this.#connection
    const now = host.clock.now()
    const number = ++this.#number
    this.#tickedAt = now
    // An answer that is missing goes on missing: later numbers can't be answered before it.
    this.#waitingSince ??= now
    this.#sent.set(number, now)
    if (this.#sent.size > 50) this.#sent.delete(number - 50)
    const calls = Array.from({ length: layout.buckets }, (_, bucket): ScriptCall => ({
      bucket,
      script: 'pulse',
      keys: [layout.sequence(bucket), layout.epoch(bucket)],
      args: [layout.pulse(bucket, origin), number],
    }))
    this.#connection
      .ask(() => calls)
      .then(
        ([epoch]) => {
          if (this.#number === number) this.#waitingSince = undefined
          if (!this.#connection.usable) return
          this.#connection.adopt(textOf(epoch) ?? '')
          this.#answered?.()
        },
        () => {
          // A lost connection was reported by itself; an error of the server's leaves the proof missing.
          if (this.#number === number) this.#waitingSince = undefined
        },
      )
  }
}
