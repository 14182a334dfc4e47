import type { Opened } from './asking.ts'
import type { Chain } from './chain.ts'
import { BadFrame } from './frame.ts'
import type { Flaw, OpenFrame } from './frame.ts'
import { freshness, lifeOfFrame, softened } from './freshness.ts'
import { secure } from './isolate.ts'
import type { Job } from './job.ts'
import type { RemoteLink } from './remote-link.ts'
import { isPromise } from './maybe-promise.ts'
import { misfit } from './schema.ts'
import { tally } from './stats.ts'
import type { TagStanding } from './tag-book.ts'
import type { StoredFrame } from './tier.ts'

/** One moment on both clocks. */
export interface Instant {
  readonly now: number
  readonly wall: number
}

export function instantOf(chain: Chain): Instant {
  return { now: chain.clock.now(), wall: chain.clock.wall() }
}

/**
 * The entry in a frame, unless it is invalid, too old for any use, or can't be trusted. A promise only where somebody
 * has to be asked: for tags that this process doesn't know, or by a schema.
 */
export function openFrame(
  chain: Chain,
  job: Job,
  link: RemoteLink,
  frame: StoredFrame,
  at: Instant = instantOf(chain),
): Opened | undefined | Promise<Opened | undefined> {
  let taken: OpenFrame | Promise<OpenFrame>
  try {
    taken = chain.frames.unseal(chain.frames.open(frame.bytes, job.key), job.query.sensitive)
  } catch (error) {
    poisoned(chain, job, link, flawOf(error), error)
    return undefined
  }
  if (!isPromise(taken)) return stand(chain, job, link, { frame, taken }, at)
  return taken.then(
    (unsealed) => stand(chain, job, link, { frame, taken: unsealed }, instantOf(chain)),
    (error: unknown) => {
      poisoned(chain, job, link, flawOf(error), error)
      return undefined
    },
  )
}

function stand(
  chain: Chain,
  job: Job,
  link: RemoteLink,
  { frame, taken }: Omit<Read, 'standing'>,
  at: Instant,
): Opened | undefined | Promise<Opened | undefined> {
  const standing = chain.tags.standing(taken.header.tags, at.now)
  if (typeof standing === 'string') return judge(chain, job, link, { frame, taken, standing }, at)
  return standing.then((known) =>
    judge(chain, job, link, { frame, taken, standing: known }, instantOf(chain)),
  )
}

interface Read {
  readonly frame: StoredFrame
  readonly taken: OpenFrame
  readonly standing: TagStanding
}

function judge(
  chain: Chain,
  job: Job,
  link: RemoteLink,
  { frame, taken, standing }: Read,
  { now, wall }: Instant,
): Opened | undefined | Promise<Opened | undefined> {
  if (standing === 'invalid') return undefined
  const { query, view } = job
  const { header } = taken
  const soft = frame.soft || standing === 'soft'
  const held = lifeOfFrame(header, now, wall)
  const life = soft ? softened(held, now) : held
  const state = freshness(life, now)
  if (state === 'expired') return undefined
  const kept = state === 'fresh' ? 'fresh' : 'stale'
  const opened = (value: unknown, clone: boolean): Opened => {
    const { loadMs, etag, tags, trace } = header
    return {
      life,
      state: kept,
      candidate: { value, life, position: link.position, loadMs, etag, tags, clone, trace },
    }
  }
  // The local copy is the very same entry: no need to decode it again.
  if (view && view.entry.stamp !== '' && view.entry.stamp === frame.stamp)
    return opened(view.entry.value, view.entry.isolation === 'clone')
  let value: unknown
  try {
    value = chain.frames.decode(taken, query.codec)
  } catch (error) {
    poisoned(chain, job, link, flawOf(error), error)
    return undefined
  }
  // A fresh value is secured when it is put into the nearer tiers; a stale one goes straight to its readers.
  const clone = () => kept === 'stale' && secure(value, query.policy.isolation).isolation === 'clone'
  if (query.schema === undefined) return opened(value, clone())
  return misfit(query.schema, value)
    .catch(() => 'its schema failed')
    .then((why) => {
      if (why === undefined) return opened(value, clone())
      poisoned(chain, job, link, 'schema', new Error(why))
    })
}

function flawOf(error: unknown): Flaw {
  return error instanceof BadFrame ? error.why : 'decode'
}

function poisoned(
  chain: Chain,
  { query, key }: Job,
  { name: tier, position }: RemoteLink,
  why: Flaw | 'schema',
  error: unknown,
): void {
  tally(query.counters.poisoned, position)
  if (chain.events.on.poisoned)
    chain.events.emit('poisoned', { def: query.def, tier, why, error, key: () => key })
}
