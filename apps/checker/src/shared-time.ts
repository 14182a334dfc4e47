const tries = 50

/**
 * What lies between this process' clock and CLOCK_MONOTONIC. A process that is set aside between the two readings would
 * be off by as much, and what it acknowledges with it: the pair that was read the fastest counts.
 */
function originOf(): number {
  let origin = 0
  let fastest = Number.POSITIVE_INFINITY
  for (let i = 0; i < tries; i++) {
    const before = performance.now()
    const monotonic = Number(process.hrtime.bigint()) / 1e6
    const took = performance.now() - before
    if (took >= fastest) continue
    fastest = took
    origin = monotonic - before - took / 2
  }
  return origin
}

const origin = originOf()

/** Milliseconds on CLOCK_MONOTONIC, which all processes of a machine share. */
export function sharedNow(): number {
  return origin + performance.now()
}
