import { setTimeout as sleep } from 'node:timers/promises'
import { checkKeys, expectation, parseDuration } from '@tierstack/cache-core'
import type { Duration, LoadContext } from '@tierstack/cache-core'
import { parseLsn } from './lsn.ts'
import type { Lsn } from './lsn.ts'

/** Asks one server: `(text) => pool.query(text)`. */
type AskServer = (text: string) => PromiseLike<{ readonly rows: readonly unknown[] } | readonly unknown[]>

export interface ReplicaReadsOptions {
  readonly primary: AskServer
  readonly replica: AskServer
  /** How long a load waits for the replica to catch up. @default '100ms' */
  readonly wait?: Duration
}

export const replicaReadsOptionNames = ['primary', 'replica', 'wait'] as const

/** Loads that read from a replica, and don't store what it hadn't heard of yet. */
export interface ReplicaReads {
  /**
   * Resolves to true once the replica shows everything that was committed on the primary before this call, to false when
   * it doesn't within `wait`. Rejects when the primary or the replica can't be asked.
   */
  readonly current: () => Promise<boolean>
  /** The same loader, whose value is given to its readers but not stored when the replica lagged too far behind. */
  readonly guard: <K, V>(
    load: (key: K, context: LoadContext) => PromiseLike<V>,
  ) => (key: K, context: LoadContext) => Promise<V>
}

const longestPause = 10
const pageBytes = 8_192n
const headerBytes = 40n

/**
 * Lets loaders read from a replica without storing what is older than a removal. Before each load the primary is asked for
 * the position of its log (loads of the same moment share the question), and the replica has to have replayed that: so
 * whatever was committed, and removed from the cache, before the load began is in what it reads. No clocks are compared, and
 * it doesn't matter in which process the removal was made.
 *
 * @example
 * const { guard } = replicaReads({ primary: (sql) => main.query(sql), replica: (sql) => standby.query(sql) })
 * const userById = cache.define({ name: 'user.byId', load: guard((id: number) => readFrom(standby, id)) })
 */
export function replicaReads(options: ReplicaReadsOptions): ReplicaReads {
  checkKeys('replicaReads options', options, replicaReadsOptionNames)
  for (const name of ['primary', 'replica'] as const)
    if (typeof options[name] !== 'function')
      throw expectation(name, 'a function that asks a server', options[name])
  const wait = parseDuration('wait', options.wait ?? '100ms')
  const committed = shared(() => position(options.primary, 'pg_current_wal_insert_lsn()'))
  // A server that was promoted replays nothing any more.
  const replayed = shared(() =>
    position(
      options.replica,
      'case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end',
    ),
  )
  const current = async (): Promise<boolean> => {
    const goal = await committed()
    const deadline = performance.now() + wait
    for (let pause = 1; ; pause = Math.min(longestPause, pause * 2)) {
      if (reached(await replayed(), goal)) return true
      if (performance.now() + pause > deadline) return false
      await sleep(pause)
    }
  }
  return {
    current,
    guard: (load) => async (key, context) => {
      if (!(await current())) context.skip()
      return await load(key, context)
    },
  }
}

/**
 * Of two pages the end of one and the beginning of the next are the same place: the primary may name the latter, past a
 * header of up to 40 bytes, in which no record fits.
 */
export function reached(replayed: Lsn, goal: Lsn): boolean {
  return replayed >= goal || (replayed % pageBytes === 0n && goal - replayed <= headerBytes)
}

/** Whoever calls while a run is under way gets the next one, which begins after the call; all who wait share it. */
function shared<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  return () => {
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        const own = run()
        running = own
        return own
      })
    return next
  }
}

async function position(ask: AskServer, what: string): Promise<Lsn> {
  const answer = await ask(`select (${what})::text as position`)
  const [row] = 'rows' in answer ? answer.rows : answer
  return parseLsn((row as { readonly position?: string } | undefined)?.position ?? '0/0')
}
