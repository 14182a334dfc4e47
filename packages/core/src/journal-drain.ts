import { answerInTime } from './answer-in-time.ts'
import type { Clock } from './clock.ts'
import type { Journal, JournalPage } from './journal.ts'
import { replay } from './journal-replay.ts'
import type { Drained } from './journal-replay.ts'
import type { LinkTrouble } from './link-trouble.ts'
import type { RemoteTier } from './remote-tier.ts'

/** For one step of it, ms. */
const stepTimeout = 1_000
const retryMs = 100
/** While replicas are missing, repeating a removal any sooner would only load the store. */
const replicaRetryMs = 1_000

interface DrainHost {
  readonly clock: Clock
  readonly trouble: LinkTrouble
  readonly isUp: () => boolean
  readonly session: () => number
  readonly failed: (error: unknown) => void
  readonly replayed: (page: JournalPage) => void
}

/** Brings a tier the removals that it hasn't confirmed: one run at a time, and again until it has them all. */
export class JournalDrain {
  readonly #tier: RemoteTier
  readonly #journal: Journal
  readonly #host: DrainHost
  #running: Promise<Drained> | undefined
  #cancel: (() => void) | undefined

  constructor(tier: RemoteTier, journal: Journal, host: DrainHost) {
    this.#tier = tier
    this.#journal = journal
    this.#host = host
  }

  /** Joins a run that is under way. `done` when the journal is empty. */
  now(): Promise<Drained> {
    this.#running ??= this.#run()
    return this.#running
  }

  /** After a pause, while the tier is up, until the journal is empty. */
  later(): void {
    const { clock, trouble, isUp } = this.#host
    if (this.#cancel !== undefined || !isUp()) return
    this.#cancel = clock.after(trouble.replicasMissing ? replicaRetryMs : retryMs, () => {
      this.#cancel = undefined
      if (!isUp()) return
      void this.now().then((drained) => {
        if (drained !== 'done') this.later()
      })
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  async #run(): Promise<Drained> {
    const { clock, trouble, session, failed, replayed } = this.#host
    const inTime = (step: Promise<void>) => answerInTime(clock, this.#tier.name, step, stepTimeout)
    try {
      for (;;) {
        const drained = await replay(this.#tier, this.#journal, { inTime, failed, session, replayed })
        // Queued since the last look at the journal: whoever did it has joined this run.
        if (drained === 'done' && this.#journal.size > 0) continue
        if (drained === 'done') trouble.replicated()
        return drained
      }
    } finally {
      this.#running = undefined
    }
  }
}
