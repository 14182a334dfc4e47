/**
 * Nanoseconds of the processor that this thread has used. What else the machine does takes none of it away; on a machine
 * with nothing else to do it goes as fast as the clock.
 */
export function threadTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1_000
}
