/** What new readers see, as of one moment: `pg_current_snapshot()`. Transaction ids here are the low 32 bits. */
export interface Snapshot {
  /** First id that wasn't given out yet. */
  readonly end: number
  readonly running: ReadonlySet<number>
}

const low = (id: string | undefined): number => Number(BigInt(id ?? 0) & 0xffff_ffffn)

/** `xmin:xmax:xip,xip` */
export function parseSnapshot(text: string): Snapshot {
  const [, end, running = ''] = text.split(':')
  return { end: low(end), running: new Set(running.split(',').filter(Boolean).map(low)) }
}

/**
 * Do new readers see what this committed transaction did? The log tells of a commit a moment before that, and, when a
 * synchronous standby is waited for, long before.
 */
export function isVisible(xid: number, { end, running }: Snapshot): boolean {
  // Ids wrap around: the difference decides, as a signed number.
  return ((xid - end) | 0) < 0 && !running.has(xid)
}
