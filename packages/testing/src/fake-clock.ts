import type { Clock } from '@tierstack/cache-core'

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /**
   * Moves time by `ms`, running what falls due in order of time, each at its own instant. Promises settle, and the
   * event loop turns, before the first callback, between two callbacks, and before this resolves.
   */
  advance(ms: number): Promise<void>
  /** Lets everything settle that needs no time. */
  settle(): Promise<void>
  /** Moves only the wall clock, as an administrator or NTP would. */
  jumpWall(ms: number): void
  /** Callbacks that wait for their time. */
  readonly pending: number
}

interface Timer {
  readonly due: number
  readonly callback: () => void
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function settle(): Promise<void> {
  // What a turn resolves may itself wait for one: what is asked of a remote tier is gathered per turn, step by step.
  for (let left = 6; left > 0; left--) await turn()
}

/** @param start Instants to begin with: `now` is 1,000 and `wall` the start of 2030 unless given. */
export function fakeClock(start: { readonly now?: number; readonly wall?: number } = {}): FakeClock {
  let now = start.now ?? 1_000
  let ahead = (start.wall ?? Date.UTC(2030, 0, 1)) - now
  const timers = new Set<Timer>()

  /** The earliest timer due by `end`; of equals, the one that was set first. */
  function nextDue(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of timers) if (timer.due <= end && (!first || timer.due < first.due)) first = timer
    return first
  }

  return {
    now: () => now,
    wall: () => now + ahead,
    after(ms, callback) {
      const timer = { due: now + Math.max(0, ms), callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (let timer = nextDue(end); timer; timer = nextDue(end)) {
        timers.delete(timer)
        now = Math.max(now, timer.due)
        timer.callback()
        await settle()
      }
      now = end
      await settle()
    },
    settle,
    jumpWall(ms) {
      ahead += ms
    },
    get pending() {
      return timers.size
    },
  }
}
