import { Batch } from './batch.ts'
import type { Bulk, BulkOutcome } from './bulk.ts'
import type { Coherence, Fence, LeaseRead } from './coherence.ts'
import type { TierVerb } from './events.ts'
import { LinkSession } from './link-session.ts'
import type { LinkHost } from './link-session.ts'
import type { RemoteTier } from './remote-tier.ts'
import type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts'
import { token } from './token.ts'

/** How long a lease stands without being renewed. A process that dies while loading delays others by this much. */
export const leaseMs = 1_500

export interface LeaseAnswer {
  readonly read: LeaseRead
  readonly tagClock: string
}

/** One remote tier as the chain sees it: what is asked for in one turn of the event loop goes to the tier together. */
export class RemoteLink extends LinkSession {
  readonly position: number
  readonly #reads: Batch<string, StoredFrame | undefined>
  readonly #leases: Batch<string, LeaseAnswer>
  readonly #clockedLeases: Batch<string, LeaseAnswer>
  readonly #claims: Batch<{ key: string; stamp: string }, Fence | undefined>
  readonly #fills: Batch<FrameWrite & { fence: Fence }, WriteOutcome>
  readonly #writes: Batch<FrameWrite, WriteOutcome>
  readonly #deletes: Batch<string, undefined>
  readonly #takes: Batch<string, Fence | undefined>
  readonly #begins: Batch<{ key: string; holdMs: number }, string>
  readonly #conclusions: Batch<{ key: string; intent: string }, Fence | undefined>
  readonly #releases: Batch<{ key: string; fence: Fence }, undefined>
  readonly #renewals: Batch<{ key: string; fence: Fence }, undefined>

  constructor(tier: RemoteTier, position: number, host: LinkHost, hearsay: boolean) {
    super(tier, host, hearsay)
    this.position = position
    const { coherence } = this
    this.#reads = new Batch((keys) => this.readAll(keys))
    this.#writes = new Batch((items) => this.runWrite('write', items.length, () => tier.write(items)))
    const lease = (keys: readonly string[], wantTagClock: boolean) =>
      this.#lookUp('lease', keys.length, async () => {
        const { reads, tagClock } = await must(coherence).lease(keys, leaseMs, wantTagClock)
        return reads.map((read) => ({ read, tagClock }))
      })
    this.#leases = new Batch((keys) => lease(keys, false))
    this.#clockedLeases = new Batch((keys) => lease(keys, true))
    this.#claims = new Batch((items) =>
      this.run('claim', items.length, () => must(coherence).claim(items, leaseMs)),
    )
    this.#fills = new Batch((items) => this.runWrite('fill', items.length, () => must(coherence).fill(items)))
    this.#deletes = new Batch(async (keys) => {
      await tier.delete(keys)
      return keys.map(() => undefined)
    })
    this.#takes = new Batch((keys) => must(coherence).take(keys, leaseMs))
    // Writers of a turn share an intent, as none of them shares a key: a second one of the same key begins a batch.
    this.#begins = new Batch(async (items) => {
      const intent = token()
      const keys = items.map(({ key }) => key)
      await must(coherence).begin(keys, intent, Math.max(...items.map(({ holdMs }) => holdMs)))
      return items.map(() => intent)
    })
    this.#conclusions = new Batch((items) => must(coherence).conclude(items, leaseMs))
    this.#releases = new Batch((items) =>
      this.run('release', items.length, async () => {
        await must(coherence).release(items)
        return items.map(() => undefined)
      }),
    )
    this.#renewals = new Batch((items) =>
      this.run('renew', items.length, async () => {
        await must(coherence).renew(items, leaseMs)
        return items.map(() => undefined)
      }),
    )
  }

  read(key: string): Promise<StoredFrame | undefined> {
    return this.#reads.add(key, key)
  }

  /** Reads many keys, each of them once, that were gathered already. */
  readAll(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]> {
    return this.#lookUp('read', keys.length, () => this.tier.read(keys))
  }

  /** As `readAll`, leaving leases where nothing is. */
  leaseAll(
    keys: readonly string[],
  ): Promise<{ readonly reads: readonly LeaseRead[]; readonly tagClock: string }> {
    return this.#lookUp('lease', keys.length, () => must(this.coherence).lease(keys, leaseMs, true))
  }

  /**
   * The removals of this turn go first: who reads a key that is being removed gets a lease at once then, and needn't wait
   * for the end of one that goes with the removal.
   */
  #lookUp<T>(name: TierVerb, items: number, verb: () => Promise<T>): Promise<T> {
    this.#deletes.flush()
    return this.run(name, items, verb)
  }

  lease(key: string, wantTagClock: boolean): Promise<LeaseAnswer> {
    return (wantTagClock ? this.#clockedLeases : this.#leases).add(key, key)
  }

  /** Leases of many keys in one go, under a deadline of the caller's. A tier without leases just reads. */
  async leaseMany(
    keys: readonly string[],
    timeout: number,
  ): Promise<{ readonly reads: readonly LeaseRead[]; readonly tagClock: string }> {
    const { coherence } = this
    if (coherence)
      return await this.run('lease', keys.length, () => coherence.lease(keys, leaseMs, true), timeout)
    const frames = await this.run('read', keys.length, () => this.tier.read(keys), timeout)
    const reads = frames.map((frame): LeaseRead =>
      frame ? { state: 'hit', frame } : { state: 'leased', fence: '' },
    )
    return { reads, tagClock: '' }
  }

  storeMany(
    items: readonly (FrameWrite & { readonly fence: Fence })[],
    timeout: number,
  ): Promise<readonly WriteOutcome[]> {
    return this.runWrite('fill', items.length, () => must(this.coherence).fill(items), timeout)
  }

  /** Looks at many keys, under one fence for all of them. */
  survey(bulk: Bulk, keys: readonly string[], timeout: number, goodFor?: number): ReturnType<Bulk['survey']> {
    return this.run('read', keys.length, () => bulk.survey(keys, goodFor), timeout)
  }

  fillAbsent(
    bulk: Bulk,
    items: readonly FrameWrite[],
    fence: Fence,
    timeout: number,
  ): Promise<readonly BulkOutcome[]> {
    return this.runWrite('fill', items.length, () => bulk.fillAbsent(items, fence), timeout)
  }

  /** Never rejects: fills under leases that lapsed are refused, which is right. */
  async renewMany(items: readonly { readonly key: string; readonly fence: Fence }[]): Promise<void> {
    const { coherence } = this
    if (coherence === undefined) return
    await this.run('renew', items.length, () => coherence.renew(items, leaseMs)).catch(() => {})
  }

  claim(key: string, stamp: string): Promise<Fence | undefined> {
    return this.#claims.addEach(key, { key, stamp })
  }

  store(item: FrameWrite & { fence: Fence }): Promise<WriteOutcome> {
    return this.#fills.addEach(item.key, item)
  }

  write(item: FrameWrite): Promise<WriteOutcome> {
    return this.#writes.addEach(item.key, item)
  }

  /** Deletes a key, together with those that others delete in the same turn. A traced one goes alone: its message names it. */
  delete(key: string): Promise<unknown> {
    return this.host.tracing.tracer ? this.tier.delete([key]) : this.#deletes.add(key, key)
  }

  /** Deletes the tier's copy of a key. Not confirmed, its removal is queued. */
  async forget(key: string, timeout: number): Promise<void> {
    const verb = () => this.tier.delete([key])
    await this.remove(verb, timeout, (journal) => journal.addKeys([key], false))
  }

  /** Takes a key for an explicit `set`. `refused` during a `write()`; no fence either when not confirmed: its removal is then queued. */
  async take(
    key: string,
    timeout: number,
  ): Promise<{ readonly fence: Fence | undefined; readonly refused: boolean }> {
    let fence: Fence | undefined
    const verb = async () => {
      fence = await this.#takes.addEach(key, key)
    }
    const confirmed = await this.remove(verb, timeout, (journal) => journal.addKeys([key], false))
    return { fence: confirmed ? fence : undefined, refused: confirmed && fence === undefined }
  }

  /** Announces a write of one key. Resolves to its intent, or to undefined when not confirmed: its removal is then queued. */
  async begin(key: string, holdMs: number, timeout: number): Promise<string | undefined> {
    let intent: string | undefined
    const verb = async () => {
      intent = await this.#begins.addEach(key, { key, holdMs })
    }
    const confirmed = await this.remove(verb, timeout, (journal) => journal.addKeys([key], false))
    return confirmed ? intent : undefined
  }

  /** Ends a writer's intent. Resolves to the lease if nothing else happened to the key; not confirmed, the removal is queued. */
  async conclude(key: string, intent: string, timeout: number): Promise<Fence | undefined> {
    let fence: Fence | undefined
    const verb = async () => {
      fence = await this.#conclusions.addEach(key, { key, intent })
    }
    const confirmed = await this.remove(verb, timeout, (journal) => journal.addKeys([key], false))
    return confirmed ? fence : undefined
  }

  /** Never rejects: an unreleased lease ends by itself. */
  async release(key: string, fence: Fence): Promise<void> {
    try {
      await this.#releases.addEach(key, { key, fence })
    } catch {
      // The lease lapses.
    }
  }

  async renew(key: string, fence: Fence): Promise<void> {
    try {
      await this.#renewals.addEach(key, { key, fence })
    } catch {
      // The fill will be refused, which is right.
    }
  }
}

function must(coherence: Coherence | undefined): Coherence {
  if (coherence === undefined) throw new Error('asked a tier without coherence for a lease')
  return coherence
}
