import type { Reason } from './events.ts'
import type { LocalView } from './locals.ts'
import type { Query } from './query.ts'
import type { ReadOptions } from './read-options.ts'
import type { TracedRead } from './tracing.ts'

/** What one flight is to bring, and what was known when it began. */
export interface Job {
  readonly query: Query
  readonly key: string
  readonly input: unknown
  readonly view: LocalView | undefined
  readonly options: ReadOptions | undefined
  readonly reason: Reason
  /** The entry is fresh, but nobody vouches for it much longer: a tier that still has it is enough. */
  readonly revalidate: boolean
  /** Whether others may join. */
  readonly shared: boolean
  /** The read that it is for, where that is traced. */
  readonly trace: TracedRead | undefined
}
