import { sharedNow } from './shared-time.ts'

const interval = 5
const worthNoting = 3

/** Reports the spans of shared time in which this process' event loop came round too late. */
export function watchLag(late: (from: number, until: number) => void): NodeJS.Timeout {
  let last = sharedNow()
  return setInterval(() => {
    const now = sharedNow()
    if (now - last > interval + worthNoting) late(last, now)
    last = now
  }, interval)
}
