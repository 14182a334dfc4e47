import type { Chain } from './chain.ts'
import type { SealKey } from './encryption.ts'
import type { TagStamp } from './entry.ts'
import type { Payload } from './frames.ts'
import { isPromise } from './maybe-promise.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { Query } from './query.ts'
import { refused, reportFenced } from './refused.ts'
import { giveBack } from './remote-read.ts'
import type { Place } from './remote-read.ts'
import { tallySize } from './stats.ts'
import { marksOf } from './tag-marks.ts'

/** A value on its way into the remote tiers, with the right to store it there. */
export interface Stored {
  readonly key: string
  readonly value: unknown
  readonly ttls: readonly number[]
  readonly beganAt: number
  readonly tags: readonly string[]
  /** Fence sequence when the work on the value began. */
  readonly sequence: number
  readonly loadMs: number
  readonly etag: string | undefined
  readonly places: readonly Place[]
  readonly trace?: string | undefined
}

/** A frame on its way to one tier. */
export interface Ready {
  readonly place: Place
  readonly bytes: Uint8Array
  readonly expiresAt: number
}

/** The frames of a value for the tiers that gave a fence, far → near; undefined when it mustn't be stored. */
export function prepare(
  chain: Chain,
  query: Query,
  o: Stored,
  open: readonly Place[],
  stamps: readonly TagStamp[] | undefined,
): MaybePromise<readonly Ready[] | undefined> {
  const { key } = o
  const giveUp = (error: unknown): undefined => {
    giveBack(key, open)
    for (const { link } of open) {
      if (error instanceof StaleTags) reportFenced(chain, query, key, link.position)
      else if (error instanceof NoKey) refused(chain, query, key, link.position, 'unsealed', error.cause)
      else refused(chain, query, key, link.position, 'unencodable', error)
    }
  }
  const sealed = (sealKey: SealKey | undefined): readonly Ready[] | undefined => {
    try {
      // The second look is for tiers that can't tell when a tag was invalidated: what this process did, it knows.
      if (stamps === undefined || chain.fence.tagsRemovedAt(marksOf(o.tags).slots) > o.sequence)
        throw new StaleTags()
      const payload = chain.frames.encode(o.value, key, query.version, query.codec)
      return framesFor(chain, query, o, open, { payload, stamps, sealKey })
    } catch (error) {
      return giveUp(error)
    }
  }
  try {
    const sealKey = chain.frames.sealKey(key, query.sensitive)
    if (!isPromise(sealKey)) return sealed(sealKey)
    return sealKey.then(sealed, (cause: unknown) => giveUp(new NoKey('', { cause })))
  } catch (cause) {
    return giveUp(new NoKey('', { cause }))
  }
}

function framesFor(
  chain: Chain,
  query: Query,
  o: Stored,
  open: readonly Place[],
  made: {
    readonly payload: Payload
    readonly stamps: readonly TagStamp[]
    readonly sealKey: SealKey | undefined
  },
): readonly Ready[] {
  const { key } = o
  const createdAt = chain.clock.wall() - (chain.clock.now() - o.beganAt)
  const { swr, staleIfError } = query.policy
  const ready: Ready[] = []
  for (const place of open.toReversed()) {
    const ttl = o.ttls[place.link.position] as number
    if (ttl <= 0) {
      giveBack(key, [place])
      continue
    }
    const header = {
      createdAt,
      freshFor: ttl,
      staleFor: swr,
      errorFor: staleIfError,
      loadMs: o.loadMs,
      version: query.version,
      etag: o.etag,
      trace: o.trace,
      key,
      tags: made.stamps,
    }
    const bytes = chain.frames.frame(made.payload, header, made.sealKey)
    if (place === open.at(-1)) tallySize(query.counters, bytes.length)
    ready.push({ place, bytes, expiresAt: createdAt + ttl + Math.max(swr, staleIfError) })
  }
  return ready
}

class StaleTags extends Error {}

class NoKey extends Error {}

/** What seals the frames of a key. Throws `NoKey` when they must be sealed and can't be. */
export async function sealKeyFor(chain: Chain, query: Query, key: string): Promise<SealKey | undefined> {
  try {
    const sealKey = chain.frames.sealKey(key, query.sensitive)
    return isPromise(sealKey) ? await sealKey : sealKey
  } catch (cause) {
    throw new NoKey('', { cause })
  }
}
