import { Batch } from './batch.ts'
import type { Clock } from './clock.ts'
import { CacheError } from './errors.ts'
import type { Events, TierVerb } from './events.ts'
import { Journal } from './journal.ts'
import type { JournalPage } from './journal.ts'
import type { TierCounters } from './stats.ts'
import { token } from './token.ts'
import type { Tracing } from './tracing.ts'
import type {
  Bulk,
  BulkOutcome,
  Coherence,
  Fence,
  FrameWrite,
  LeaseRead,
  RemoteTier,
  StoredFrame,
  WriteOutcome,
} from './tier.ts'

/** How long a lease stands without being renewed. A process that dies while loading delays others by this much. */
export const leaseMs = 1_500
const failuresToOpen = 2
const helloTimeout = 1_000
const shortestBackoff = 50
const longestBackoff = 500
/** After an outage on the same history, others get this long to replay their removals before we trust the tier. */
const settleMs = 400
const retryMs = 100
/** While replicas are missing, repeating a removal any sooner would only load the store. */
const replicaRetryMs = 1_000

/** `unreplicated`: everything was done, but not confirmed by as many replicas as asked for. */
type Drained = 'done' | 'unreplicated' | 'failed'

export type LinkState = 'joining' | 'up' | 'settling' | 'down' | 'closed'

/** What the link tells the cache. */
export interface LinkHost {
  readonly namespace: string
  readonly clock: Clock
  readonly events: Events
  readonly tracing: Tracing
  /** The store came back with another history: nothing held locally, and no tag generation, is vouched for. */
  historyChanged(): void
  /** Queued removals were applied: what was learnt from the tier since they were queued may be from before. */
  replayed(page: JournalPage): void
}

export interface LeaseAnswer {
  readonly read: LeaseRead
  readonly tagClock: string
}

/**
 * One remote tier as the chain sees it: every verb under a deadline, a breaker that stops asking a tier which doesn't
 * answer, and a journal of the removals which it hasn't confirmed.
 *
 * joining → up ⇄ down → settling → up. Only `up` serves reads and fills. The half-open probe is `hello`: one at a
 * time, no reader pays for it.
 */
export class RemoteLink {
  readonly name: string
  readonly tier: RemoteTier
  readonly position: number
  readonly coherence: Coherence | undefined
  readonly journal: Journal = new Journal()
  readonly counters: TierCounters = { errors: 0, timeouts: 0, opened: 0 }
  /**
   * The tier holds copies that only this host sees, of what a farther tier holds for the fleet: it learns of others'
   * removals by the bus alone, and counts only while that vouches.
   */
  readonly hearsay: boolean
  state: LinkState = 'joining'
  /** Instant of the last change between usable and not, on the wall clock. */
  since: number
  lastError: unknown
  readonly #host: LinkHost
  readonly #clock: Clock
  #history: string | undefined
  #failures = 0
  /** Answers that belong to an earlier session are void: the store behind it may have been another. */
  #session = 0
  #downAt = 0
  #degraded = false
  #writesFail = false
  #joined: Promise<void>
  #replicasMissing = false
  #draining: Promise<Drained> | undefined
  #retry: (() => void) | undefined
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
  #readTimeout = 50

  constructor(tier: RemoteTier, position: number, host: LinkHost, hearsay: boolean) {
    this.tier = tier
    this.name = tier.name
    this.position = position
    this.coherence = tier.coherence
    this.#host = host
    this.#clock = host.clock
    this.since = this.#clock.wall()
    tier.open({
      namespace: host.namespace,
      clock: host.clock,
      trace: () => host.tracing.tracer?.current(),
      lost: (error) => this.#lost('error', error),
      warn: (finding) => {
        if (host.events.on.warning) host.events.emit('warning', { tier: this.name, ...finding })
      },
    })
    const { coherence } = this
    this.#reads = new Batch((keys) => this.#run('read', keys.length, () => tier.read(keys)))
    this.#writes = new Batch((items) => this.#runWrite('write', items.length, () => tier.write(items)))
    const lease = (keys: readonly string[], wantTagClock: boolean) =>
      this.#run('lease', keys.length, async () => {
        const { reads, tagClock } = await must(coherence).lease(keys, leaseMs, wantTagClock)
        return reads.map((read) => ({ read, tagClock }))
      })
    this.#leases = new Batch((keys) => lease(keys, false))
    this.#clockedLeases = new Batch((keys) => lease(keys, true))
    this.#claims = new Batch((items) =>
      this.#run('claim', items.length, () => must(coherence).claim(items, leaseMs)),
    )
    this.#fills = new Batch((items) =>
      this.#runWrite('fill', items.length, () => must(coherence).fill(items)),
    )
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
      this.#run('release', items.length, async () => {
        await must(coherence).release(items)
        return items.map(() => undefined)
      }),
    )
    this.#renewals = new Batch((items) =>
      this.#run('renew', items.length, async () => {
        await must(coherence).renew(items, leaseMs)
        return items.map(() => undefined)
      }),
    )
    this.hearsay = hearsay
    // What it holds from before misses the removals since.
    if (hearsay) this.journal.addAll()
    this.#joined = this.#join(0)
  }

  /** May reads and fills of this key use the tier? Removals that it hasn't confirmed keep their keys away from it. */
  usable(key: string): boolean {
    return (
      (this.state === 'up' || this.state === 'joining') &&
      !(this.journal.size > 0 && this.journal.fences(key))
    )
  }

  /** The tier's deadline for one read or fill, ms: the strictest in use. */
  set readTimeout(ms: number) {
    this.#readTimeout = ms
  }

  read(key: string): Promise<StoredFrame | undefined> {
    return this.#reads.add(key, key)
  }

  /** Reads many keys, each of them once, that were gathered already. */
  readAll(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]> {
    return this.#run('read', keys.length, () => this.tier.read(keys))
  }

  /** As `readAll`, leaving leases where nothing is. */
  leaseAll(
    keys: readonly string[],
  ): Promise<{ readonly reads: readonly LeaseRead[]; readonly tagClock: string }> {
    return this.#run('lease', keys.length, () => must(this.coherence).lease(keys, leaseMs, true))
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
      return await this.#run('lease', keys.length, () => coherence.lease(keys, leaseMs, true), timeout)
    const frames = await this.#run('read', keys.length, () => this.tier.read(keys), timeout)
    const reads = frames.map((frame): LeaseRead =>
      frame ? { state: 'hit', frame } : { state: 'leased', fence: '' },
    )
    return { reads, tagClock: '' }
  }

  storeMany(
    items: readonly (FrameWrite & { readonly fence: Fence })[],
    timeout: number,
  ): Promise<readonly WriteOutcome[]> {
    return this.#runWrite('fill', items.length, () => must(this.coherence).fill(items), timeout)
  }

  /** Looks at many keys, under one fence for all of them. */
  survey(bulk: Bulk, keys: readonly string[], timeout: number, goodFor?: number): ReturnType<Bulk['survey']> {
    return this.#run('read', keys.length, () => bulk.survey(keys, goodFor), timeout)
  }

  fillAbsent(
    bulk: Bulk,
    items: readonly FrameWrite[],
    fence: Fence,
    timeout: number,
  ): Promise<readonly BulkOutcome[]> {
    return this.#runWrite('fill', items.length, () => bulk.fillAbsent(items, fence), timeout)
  }

  /** Never rejects: fills under leases that lapsed are refused, which is right. */
  async renewMany(items: readonly { readonly key: string; readonly fence: Fence }[]): Promise<void> {
    const { coherence } = this
    if (coherence === undefined) return
    await this.#run('renew', items.length, () => coherence.renew(items, leaseMs)).catch(() => {})
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
    return this.#host.tracing.tracer ? this.tier.delete([key]) : this.#deletes.add(key, key)
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

  /** Runs a verb of the tier under a deadline. Rejects when the tier isn't usable or doesn't answer in time. */
  ask<T>(verb: () => Promise<T>, timeout: number = this.#readTimeout): Promise<T> {
    return this.#run('ask', 1, verb, timeout)
  }

  /** Runs a removal. Resolves to whether the tier confirmed it; if not, `queue` has put it into the journal. */
  async remove(
    verb: () => Promise<unknown>,
    timeout: number,
    queue: (journal: Journal) => void,
  ): Promise<boolean> {
    try {
      if (this.state === 'joining') await this.#within(this.#joined, timeout)
      if (this.state !== 'up' && this.state !== 'settling') throw this.#unavailable()
      const session = this.#session
      await this.#timed('remove', 1, verb, timeout)
      if (session !== this.#session) throw this.#unavailable()
      this.#failures = 0
      return true
    } catch (error) {
      if (this.state === 'closed') throw closed(this.name)
      queue(this.journal)
      this.#failed(error)
      this.#retryLater()
      return false
    }
  }

  /** Queues a removal that was heard of: its keys stay away from the tier from now on, until it is done. */
  async queue(add: (journal: Journal) => void): Promise<void> {
    add(this.journal)
    if (this.state === 'up' && (await this.#drain()) !== 'done') this.#retryLater()
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return
    // What can still be confirmed is worth one try: a closed process can't replay its journal.
    if (this.journal.size > 0 && this.state === 'up') await this.#drain()
    this.state = 'closed'
    this.#session++
    this.#retry?.()
    await this.tier.close()
  }

  async #run<T>(
    name: TierVerb,
    items: number,
    verb: () => Promise<T>,
    timeout: number = this.#readTimeout,
  ): Promise<T> {
    if (this.state === 'joining') await this.#within(this.#joined, timeout)
    if (this.state !== 'up') throw this.#unavailable()
    const session = this.#session
    try {
      const answer = await this.#timed(name, items, verb, timeout)
      if (session !== this.#session) throw this.#unavailable()
      this.#failures = 0
      return answer
    } catch (error) {
      if (session === this.#session) this.#failed(error)
      throw error
    }
  }

  /** A store that can be read but not written (full, read-only) stays in use; the trouble is reported once. */
  async #runWrite<T>(
    name: TierVerb,
    items: number,
    verb: () => Promise<T>,
    timeout: number = this.#readTimeout * 4,
  ): Promise<T> {
    if (this.state === 'joining') await this.#within(this.#joined, timeout)
    if (this.state !== 'up') throw this.#unavailable()
    const session = this.#session
    try {
      const answer = await this.#timed(name, items, verb, timeout)
      if (session !== this.#session) throw this.#unavailable()
      if (this.#writesFail) {
        this.#writesFail = false
        if (!this.#degraded) this.#reportRecovery()
      }
      return answer
    } catch (error) {
      if (error instanceof Timeout) this.#failed(error)
      else if (session === this.#session && !this.#writesFail) {
        this.#writesFail = true
        this.#downAt = this.#clock.now()
        this.counters.errors++
        this.lastError = error
        if (this.#host.events.on.degraded) {
          this.#host.events.emit('degraded', { tier: this.name, why: 'error', error })
        }
      }
      throw error
    }
  }

  #failed(error: unknown): void {
    if (this.state !== 'up' && this.state !== 'settling') return
    if (isUnreplicated(error)) {
      this.#unreplicated(error)
      return
    }
    if (error instanceof Timeout) this.counters.timeouts++
    else this.counters.errors++
    this.lastError = error
    if (++this.#failures >= failuresToOpen) this.#lost(error instanceof Timeout ? 'timeout' : 'error', error)
  }

  /** A store that lacks replicas answers: it stays in use, but for the keys whose removals aren't confirmed. */
  #unreplicated(error: unknown): void {
    this.counters.errors++
    this.lastError = error
    if (this.#replicasMissing) return
    this.#replicasMissing = true
    this.#downAt = this.#clock.now()
    if (this.#host.events.on.degraded) {
      this.#host.events.emit('degraded', { tier: this.name, why: 'error', error })
    }
  }

  #replicated(): void {
    if (!this.#replicasMissing) return
    this.#replicasMissing = false
    if (!this.#degraded) this.#reportRecovery()
  }

  #reportRecovery(): void {
    if (this.#host.events.on.recovered) {
      this.#host.events.emit('recovered', { tier: this.name, downMs: this.#clock.now() - this.#downAt })
    }
  }

  #lost(why: 'timeout' | 'error', error: unknown): void {
    this.lastError = error
    this.#session++
    if (this.state !== 'up' && this.state !== 'settling') return
    const joining = this.state === 'settling'
    this.state = 'down'
    this.#degrade(why, error)
    // A join under way notices the new session and begins again by itself.
    if (!joining) this.#joined = this.#join(0)
  }

  #degrade(why: 'timeout' | 'error', error: unknown): void {
    if (this.#degraded) return
    this.#degraded = true
    this.counters.opened++
    this.#downAt = this.#clock.now()
    this.since = this.#clock.wall()
    if (this.#host.events.on.degraded) this.#host.events.emit('degraded', { tier: this.name, why, error })
  }

  async #join(attempt: number): Promise<void> {
    const session = this.#session
    try {
      const history = await this.#within(this.tier.hello(), helloTimeout)
      if (session !== this.#session) throw this.#unavailable()
      const returning = this.#history !== undefined
      const changed = returning && history !== this.#history
      this.#history = history
      if (changed) this.#host.historyChanged()
      if (this.state === 'closed') return
      if (returning || this.journal.size > 0) {
        this.state = 'settling'
        if ((await this.#drain()) === 'failed') throw this.#unavailable()
        if (returning && !changed) {
          await this.#pause(settleMs)
          if ((await this.#drain()) === 'failed') throw this.#unavailable()
        }
        if (session !== this.#session) throw this.#unavailable()
      }
      this.#up()
    } catch (error) {
      if (this.state === 'closed') return
      this.lastError = error
      this.state = 'down'
      this.#degrade(error instanceof Timeout ? 'timeout' : 'error', error)
      await this.#pause(Math.min(longestBackoff, shortestBackoff * 2 ** attempt))
      if ((this.state as LinkState) === 'closed') return
      await this.#join(attempt + 1)
    }
  }

  #up(): void {
    this.state = 'up'
    this.#failures = 0
    // A removal may have been queued between the last look at the journal and here.
    if (this.journal.size > 0) this.#retryLater()
    if (!this.#degraded) return
    this.#degraded = false
    this.since = this.#clock.wall()
    this.#reportRecovery()
  }

  #retryLater(): void {
    if (this.#retry !== undefined || this.state !== 'up') return
    this.#retry = this.#clock.after(this.#replicasMissing ? replicaRetryMs : retryMs, () => {
      this.#retry = undefined
      if (this.state !== 'up') return
      void this.#drain().then((drained) => {
        if (drained !== 'done') this.#retryLater()
      })
    })
  }

  /** Replays the journal. `done` when it is empty. */
  #drain(): Promise<Drained> {
    this.#draining ??= this.#replay().finally(() => {
      this.#draining = undefined
    })
    return this.#draining
  }

  async #replay(): Promise<Drained> {
    const { tier, coherence } = this
    for (let page = this.journal.page(); this.journal.size > 0; page = this.journal.page()) {
      const session = this.#session
      const steps: (() => Promise<void>)[] = []
      if (page.all) steps.push(() => tier.clear())
      const hard = coherence ? page.keys : [...page.keys, ...page.softKeys]
      for (const keys of chunks(hard)) steps.push(() => tier.delete(keys))
      if (coherence) {
        for (const keys of chunks(page.softKeys)) steps.push(() => coherence.expire(keys))
        for (const tags of chunks(page.tags)) steps.push(() => coherence.invalidate(tags, false))
        for (const tags of chunks(page.softTags)) steps.push(() => coherence.invalidate(tags, true))
      } else if (page.tags.length + page.softTags.length > 0) steps.push(() => tier.clear())
      let missing = false
      for (const step of steps) {
        try {
          await this.#within(step(), helloTimeout)
        } catch (error) {
          this.#failed(error)
          if (!isUnreplicated(error)) return 'failed'
          missing = true
        }
      }
      if (session !== this.#session) return 'failed'
      if (missing) return 'unreplicated'
      this.#host.replayed(page)
      page.confirm()
    }
    this.#replicated()
    return 'done'
  }

  /** As `#within`, told as one `call`. */
  #timed<T>(verb: TierVerb, items: number, run: () => Promise<T>, ms: number): Promise<T> {
    if (!this.#host.events.on.call) return this.#within(run(), ms)
    const began = this.#clock.now()
    const told = (outcome: 'ok' | 'timeout' | 'error') =>
      this.#host.events.emit('call', {
        tier: this.name,
        verb,
        items,
        ms: this.#clock.now() - began,
        outcome,
      })
    return this.#within(run(), ms).then(
      (answer) => {
        told('ok')
        return answer
      },
      (error: unknown) => {
        told(error instanceof Timeout ? 'timeout' : 'error')
        throw error
      },
    )
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve)
    })
  }

  #within<T>(work: Promise<T>, ms: number): Promise<T> {
    const clock = this.#clock
    const due = clock.now() + ms
    return new Promise<T>((resolve, reject) => {
      const expired = () => {
        // Fired late: the event loop stood still, and the answer may be waiting behind us. Let it be read first.
        if (clock.now() - due > 10 && !graced) {
          graced = true
          cancel = clock.after(10, expired)
          return
        }
        reject(new Timeout(`tier \`${this.name}\` did not answer within ${ms} ms`))
      }
      let graced = false
      let cancel = clock.after(ms, expired)
      work.then(
        (answer) => {
          cancel()
          resolve(answer)
        },
        (error: unknown) => {
          cancel()
          reject(error)
        },
      )
    })
  }

  #unavailable(): CacheError {
    return new CacheError(
      'TIER_UNAVAILABLE',
      `Expected tier \`${this.name}\` to be usable, it is ${this.state}`,
      {
        cause: this.lastError,
      },
    )
  }
}

class Timeout extends Error {}

function isUnreplicated(error: unknown): boolean {
  return error instanceof CacheError && error.code === 'UNREPLICATED'
}

function closed(name: string): CacheError {
  return new CacheError('CLOSED', `Expected an open cache, tier \`${name}\` was closed`)
}

function must(coherence: Coherence | undefined): Coherence {
  if (coherence === undefined) throw new Error('asked a tier without coherence for a lease')
  return coherence
}

function chunks(names: readonly string[]): string[][] {
  const size = 500
  return Array.from({ length: Math.ceil(names.length / size) }, (_, i) =>
    names.slice(i * size, (i + 1) * size),
  )
}
