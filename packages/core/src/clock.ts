/**
 * Where a cache takes its time from.
 *
 * Life in this process is measured on `now`, which never jumps; `wall` is only written into frames, because other
 * processes can't read our monotonic clock. Order between processes never depends on either.
 */
export interface Clock {
  /** Milliseconds on a monotonic clock with any origin. */
  now(): number
  /** Milliseconds since 1970. */
  wall(): number
  /** Calls back once after `ms`, without keeping the process alive. Returns a function that cancels. */
  after(ms: number, callback: () => void): () => void
}

/** `performance.now`, `Date.now` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, callback) => (ms > longestTimer ? afterMany(ms, callback) : afterOne(ms, callback)),
}

/** Node turns longer delays into 1 ms. */
const longestTimer = 2 ** 31 - 1

function afterOne(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

/** By one timer after the other. */
function afterMany(ms: number, callback: () => void): () => void {
  let left = ms
  let cancel: () => void
  const next = () => {
    const now = Math.min(left, longestTimer)
    left -= now
    cancel = afterOne(now, left > 0 ? next : callback)
  }
  next()
  return () => cancel()
}

/** A clock read at most once per tick and once per 32 reads. */
export interface CoarseClock {
  (): number
}

/**
 * Reading the clock costs more than a local hit, so hits share a reading.
 *
 * The tick alone isn't enough: a loop of awaited hits never leaves the microtask queue, and time would stand still
 * in it; hence the count.
 */
export function coarseClock(clock: Clock): CoarseClock {
  if (clock !== systemClock) return () => clock.now()
  let reading = 0
  let left = 0
  let forgetting = false
  const forget = () => {
    forgetting = false
    left = 0
  }
  return () => {
    if (left > 0) {
      left--
      return reading
    }
    left = 31
    if (!forgetting) {
      forgetting = true
      setImmediate(forget).unref()
    }
    reading = performance.now()
    return reading
  }
}
