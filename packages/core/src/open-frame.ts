import type { Opened } from './asking.ts'
import type { Candidate } from './candidate.ts'
import type { Chain } from './chain.ts'
import type { TagStamp } from './entry.ts'
import { BadFrame } from './frame.ts'
import type { Flaw, OpenFrame } from './frame.ts'
import { freshness, lifeOfFrame, softened } from './freshness.ts'
import type { Life } from './freshness.ts'
import { secure } from './isolate.ts'
import type { Job } from './job.ts'
import type { Query } from './query.ts'
import type { RemoteLink } from './remote-link.ts'
import { isPromise } from './maybe-promise.ts'
import { misfit } from './schema.ts'
import { tally } from './stats.ts'
import type { StoredFrame } from './stored-frame.ts'
import type { TagStanding } from './tag-book.ts'

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
  job: Reader,
  link: RemoteLink,
  frame: StoredFrame,
  at: Instant = instantOf(chain),
): Opened | undefined | Promise<Opened | undefined> {
  let taken: OpenFrame | Promise<OpenFrame>
  try {
    taken = chain.frames.unseal(chain.frames.open(frame, job.key), job.query.sensitive)
  } catch (error) {
    poisoned(chain, job, link, flawOf(error), error)
    return undefined
  }
  if (!isPromise(taken)) return stand(chain, job, { link, frame, taken }, at)
  return taken.then(
    (unsealed) => stand(chain, job, { link, frame, taken: unsealed }, instantOf(chain)),
    (error: unknown) => {
      poisoned(chain, job, link, flawOf(error), error)
      return undefined
    },
  )
}

/** For whom a frame is opened. */
export type Reader = Pick<Job, 'query' | 'key' | 'view'>

interface Read {
  readonly link: RemoteLink
  readonly frame: StoredFrame
  readonly taken: OpenFrame
}

function stand(
  chain: Chain,
  job: Reader,
  read: Read,
  at: Instant,
): Opened | undefined | Promise<Opened | undefined> {
  const standing = chain.tags.standing(read.taken.header.tags, at.now)
  if (typeof standing === 'string') return judge(chain, job, read, standing, at)
  return standing.then((known) => judge(chain, job, read, known, instantOf(chain)))
}

function judge(
  chain: Chain,
  job: Reader,
  read: Read,
  standing: TagStanding,
  { now, wall }: Instant,
): Opened | undefined | Promise<Opened | undefined> {
  if (standing === 'invalid') return undefined
  const { query, view } = job
  const { link, frame, taken } = read
  const held = lifeOfFrame(taken.header, now, wall)
  const life = frame.soft || standing === 'soft' ? softened(held, now) : held
  const state = freshness(life, now)
  if (state === 'expired') return undefined
  const kept = state === 'fresh' ? 'fresh' : 'stale'
  // The local copy is the very same entry: no need to decode it again.
  if (view && view.entry.stamp !== '' && view.entry.stamp === frame.stamp)
    return new FromFrame(read, life, kept, view.entry.value, view.entry.isolation === 'clone')
  let value: unknown
  try {
    value = chain.frames.decode(taken, query.codec)
  } catch (error) {
    poisoned(chain, job, link, flawOf(error), error)
    return undefined
  }
  if (query.schema === undefined) return new FromFrame(read, life, kept, value, clones(query, kept, value))
  return misfit(query.schema, value)
    .catch(() => 'its schema failed')
    .then((why) => {
      if (why === undefined) return new FromFrame(read, life, kept, value, clones(query, kept, value))
      poisoned(chain, job, link, 'schema', new Error(why))
    })
}

/** What a frame holds: who found it, and what may be kept of it, in one object. */
class FromFrame implements Opened, Candidate {
  readonly value: unknown
  readonly life: Life
  readonly state: Opened['state']
  readonly clone: boolean
  readonly position: number
  readonly loadMs: number
  readonly etag: string | undefined
  readonly tags: readonly TagStamp[]
  readonly trace: string | undefined
  readonly candidate: Candidate = this
  readonly #frame: StoredFrame

  constructor(read: Read, life: Life, state: Opened['state'], value: unknown, clone: boolean) {
    const { header } = read.taken
    this.value = value
    this.life = life
    this.state = state
    this.clone = clone
    this.position = read.link.position
    this.loadMs = header.loadMs
    this.etag = header.etag
    this.tags = header.tags
    this.trace = header.trace
    this.#frame = read.frame
  }

  /** Only where a nearer tier takes the value is it read. */
  get stamp(): string {
    return this.#frame.stamp
  }
}

/** A fresh value is secured when it is put into the nearer tiers; a stale one goes straight to its readers. */
function clones(query: Query, state: Opened['state'], value: unknown): boolean {
  return state === 'stale' && secure(value, query.policy.isolation).isolation === 'clone'
}

function flawOf(error: unknown): Flaw {
  return error instanceof BadFrame ? error.why : 'decode'
}

function poisoned(
  chain: Chain,
  { query, key }: Reader,
  { name: tier, position }: RemoteLink,
  why: Flaw | 'schema',
  error: unknown,
): void {
  tally(query.counters.poisoned, position)
  if (chain.events.on.poisoned)
    chain.events.emit('poisoned', { def: query.def, tier, why, error, key: () => key })
}
