const origin = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Milliseconds on CLOCK_MONOTONIC, which all processes of a machine share. */
export function sharedNow(): number {
  return origin + performance.now()
}
