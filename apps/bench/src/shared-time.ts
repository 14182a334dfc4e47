/** Milliseconds on a clock that the processes of this machine share, and that doesn't jump while they run. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now()
}
