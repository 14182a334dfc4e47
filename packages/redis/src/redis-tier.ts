import { CacheError } from '@tierstack/cache-core'
import type {
  Bulk,
  Codec,
  Coherence,
  Fence,
  FrameWrite,
  LeaseRead,
  RemoteCapabilities,
  RemoteHost,
  RemoteTier,
  StoredFrame,
  TagState,
  WriteOutcome,
} from '@tierstack/cache-core'
import { RedisBus } from './bus.ts'
import type { ScriptCall } from './call.ts'
import { BulkFills } from './bulk-fills.ts'
import { Connection } from './connection.ts'
import { EntryReads } from './entry-reads.ts'
import { EntryWrites } from './entry-writes.ts'
import { Heartbeat } from './heartbeat.ts'
import { epochBody } from './message.ts'
import type { ResolvedOptions } from './options.ts'
import type { Port } from './port.ts'
import { SpareBuffers } from './spare-buffers.ts'
import { Tags } from './tags.ts'

interface Opened {
  readonly connection: Connection
  readonly reads: EntryReads
  readonly writes: EntryWrites
  readonly bulk: BulkFills
  readonly tags: Tags
  readonly heartbeat: Heartbeat
}

/** A namespace in Redis, with the whole protocol. */
export class RedisTier<N extends string> implements RemoteTier<N>, Coherence {
  readonly kind = 'remote'
  readonly name: N
  readonly capabilities: RemoteCapabilities
  readonly codec: Codec
  readonly coherence: Coherence = this
  readonly bulk: Bulk = {
    survey: async (keys, goodFor) => {
      const { bulk, tags } = this.#on
      const { clock, ...survey } = await bulk.survey(keys, goodFor)
      return { ...survey, tagClock: tags.clockText(clock) }
    },
    fillAbsent: (items, fence) => this.#on.bulk.fillAbsent(items, fence),
  }
  readonly bus: RedisBus
  readonly #port: Port
  readonly #options: ResolvedOptions
  #opened: Opened | undefined

  constructor(port: Port, options: ResolvedOptions) {
    this.name = options.name as N
    this.capabilities = Object.freeze({ shared: 'fleet', maxValueBytes: options.maxValueBytes })
    this.codec = options.codec
    this.#port = port
    this.#options = options
    this.bus = new RedisBus({
      silence: options.silence,
      tracked: options.bus === 'tracking',
      connection: () => this.#on.connection,
      heartbeat: () => this.#on.heartbeat,
    })
  }

  open(host: RemoteHost): void {
    if (this.#opened)
      throw new CacheError(
        'INVALID_CHAIN',
        `Expected the tier \`${this.name}\` to serve one cache, it serves one already: make a tier for each`,
      )
    const holds = this.#options.bus === 'tracking' ? this.bus.held.bind(this.bus) : undefined
    const connection = new Connection(this.#port, host, this.#options)
    const writing = { connection, holds, maxBytes: this.#options.maxValueBytes, spare: new SpareBuffers() }
    this.#opened = {
      connection,
      reads: new EntryReads(connection, holds),
      writes: new EntryWrites(writing),
      bulk: new BulkFills(writing),
      tags: new Tags(connection, this.#options.tagTtl),
      heartbeat: new Heartbeat(connection, this.#options.heartbeat),
    }
  }

  hello(): Promise<string> {
    return this.#on.connection.hello()
  }

  read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]> {
    return this.#on.reads.read(keys)
  }

  write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]> {
    return this.#on.writes.write(items)
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#on.writes.delete(keys)
  }

  async clear(): Promise<void> {
    const { connection } = this.#on
    const { layout, origin } = connection
    const epoch = layout.newEpoch()
    const callFor = (bucket: number, ...bodies: Buffer[]): ScriptCall => ({
      bucket,
      script: 'clear',
      keys: [layout.sequence(bucket), layout.epoch(bucket)],
      args: [layout.channel(bucket), epoch, ...bodies],
    })
    // Bucket 0 first: whoever finds others behind it, after a crash between the two, brings them forward.
    await connection.remove(() => [callFor(0, epochBody(origin, epoch))])
    connection.leave(epoch)
    if (layout.buckets === 1) return
    const rest = Array.from({ length: layout.buckets - 1 }, (_, i) => callFor(i + 1))
    await connection.remove(() => rest)
  }

  async close(): Promise<void> {
    if (this.#opened === undefined) {
      await this.#port.close()
      return
    }
    this.#opened.heartbeat.close()
    await this.bus.close()
    await this.#opened.connection.close()
  }

  async lease(
    keys: readonly string[],
    holdMs: number,
    wantTagClock: boolean,
  ): Promise<{ readonly reads: readonly LeaseRead[]; readonly tagClock: string }> {
    const { reads, tags } = this.#on
    const { reads: all, clock } = await reads.lease(keys, holdMs, wantTagClock)
    return { reads: all, tagClock: wantTagClock ? tags.clockText(clock) : '' }
  }

  claim(
    items: readonly { readonly key: string; readonly stamp: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]> {
    return this.#on.writes.claim(items, holdMs)
  }

  take(keys: readonly string[], holdMs: number): Promise<readonly (Fence | undefined)[]> {
    return this.#on.writes.take(keys, holdMs)
  }

  fill(items: readonly (FrameWrite & { readonly fence: Fence })[]): Promise<readonly WriteOutcome[]> {
    return this.#on.writes.fill(items)
  }

  renew(items: readonly { readonly key: string; readonly fence: Fence }[], holdMs: number): Promise<void> {
    return this.#on.writes.renew(items, holdMs)
  }

  release(items: readonly { readonly key: string; readonly fence: Fence }[]): Promise<void> {
    return this.#on.writes.release(items)
  }

  expire(keys: readonly string[]): Promise<void> {
    return this.#on.writes.expire(keys)
  }

  begin(keys: readonly string[], intent: string, holdMs: number): Promise<void> {
    return this.#on.writes.begin(keys, intent, holdMs)
  }

  end(keys: readonly string[], intent: string): Promise<void> {
    return this.#on.writes.end(keys, intent)
  }

  conclude(
    items: readonly { readonly key: string; readonly intent: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]> {
    return this.#on.writes.conclude(items, holdMs)
  }

  tags(tags: readonly string[]): Promise<readonly (TagState | undefined)[]> {
    return this.#on.tags.tags(tags)
  }

  stampTags(tags: readonly string[], tagClock: string): Promise<readonly (string | undefined)[]> {
    return this.#on.tags.stampTags(tags, tagClock)
  }

  invalidate(tags: readonly string[], soft: boolean): Promise<void> {
    return this.#on.tags.invalidate(tags, soft)
  }

  get #on(): Opened {
    if (this.#opened) return this.#opened
    throw new CacheError(
      'INVALID_CHAIN',
      `Expected the tier \`${this.name}\` to be open before its first use`,
    )
  }
}
