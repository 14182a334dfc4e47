import type { CachedConnection } from './cached-connection.ts'

/** A statement that its client runs by itself. */
export interface Elsewhere {
  /** To be told how it ended; of several tellings the first counts. */
  readonly ended: PromiseWithResolvers<void>
  /** Settles when what it wrote has been removed. */
  readonly settled: Promise<void>
}

/** Follows a statement that goes to the database by another way: its answer isn't looked at, its end is. */
export function runElsewhere(
  connection: CachedConnection,
  text: string,
  values: readonly unknown[],
): Elsewhere {
  const ended = Promise.withResolvers<void>()
  const settled = connection.run<void, void>({
    text,
    values,
    shape: '',
    uncached: true,
    execute: () => ended.promise,
    pack: () => {},
    unpack: () => {},
    count: () => 0,
  })
  return { ended, settled }
}
