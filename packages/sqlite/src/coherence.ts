import type {
  Clock,
  Coherence,
  Fence,
  FrameWrite,
  LeaseRead,
  TagState,
  WriteOutcome,
} from '@tierstack/cache-core'
import type { DatabaseFile } from './database-file.ts'
import type { Opened } from './opened.ts'
import type { PollingBus } from './polling-bus.ts'
import type { Notice } from './removal-log.ts'
import { tagClockText } from './tags.ts'

interface Held {
  readonly key: string
  readonly fence: Fence
}

/**
 * Leases, fences, intents and tags in a file. Each verb is one transaction, which also appends what others must know:
 * there is no moment between a removal and its announcement.
 */
export class SqliteCoherence implements Coherence {
  readonly bus: PollingBus
  readonly #file: () => DatabaseFile
  readonly #clock: () => Clock
  readonly #maxValueBytes: number

  constructor(file: () => DatabaseFile, clock: () => Clock, bus: PollingBus, maxValueBytes: number) {
    this.#file = file
    this.#clock = clock
    this.bus = bus
    this.#maxValueBytes = maxValueBytes
  }

  lease(
    keys: readonly string[],
    holdMs: number,
    wantTagClock: boolean,
  ): Promise<{ readonly reads: readonly LeaseRead[]; readonly tagClock: string }> {
    return this.#file().ask((opened) => {
      const now = this.#clock().wall()
      const tagClock = wantTagClock ? tagClockText(opened.namespace.state()) : ''
      const { name } = opened.namespace
      const reads = keys.map((key): LeaseRead | undefined => {
        const frame = opened.entries.read(name, key, now)
        return frame && { state: 'hit', frame }
      })
      // Without a transaction so far: a hit must not wait for those who write.
      if (reads.every((read) => read !== undefined)) return { reads, tagClock }
      return { reads: this.#leaseMissing(opened, keys, reads, now, now + holdMs), tagClock }
    })
  }

  claim(
    items: readonly { readonly key: string; readonly stamp: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]> {
    return this.#write((opened, now) => {
      const { epoch } = opened.namespace.state()
      return items.map(({ key, stamp }) => opened.entries.claim(epoch, key, stamp, now, now + holdMs))
    })
  }

  take(keys: readonly string[], holdMs: number): Promise<readonly (Fence | undefined)[]> {
    return this.#write((opened, now) => {
      const { epoch } = opened.namespace.state()
      const fences = keys.map((key) => {
        if (!opened.intents.block(epoch, key, now)) return opened.entries.take(epoch, key, now, now + holdMs)
        opened.intents.touch(epoch, key)
        return undefined
      })
      const taken = keys.filter((_, i) => fences[i] !== undefined)
      opened.removals.append({ kind: 'keys', keys: taken, soft: false })
      return fences
    })
  }

  async fill(items: readonly (FrameWrite & { readonly fence: Fence })[]): Promise<readonly WriteOutcome[]> {
    const { outcomes, waited } = await this.#write((opened, now) => {
      const { epoch } = opened.namespace.state()
      const waited: string[] = []
      const outcomes = items.map((item): WriteOutcome => {
        if (item.bytes.length > this.#maxValueBytes) return 'too-large'
        const standing = opened.entries.fenced(epoch, item.key, item.fence, now)
        if (standing === undefined) return 'fenced'
        opened.entries.put(epoch, item)
        opened.space.trim(now)
        // Those whom the claim of a frame was refused left no trace.
        if (standing.waited || !standing.lease) waited.push(item.key)
        return 'stored'
      })
      opened.removals.append({ kind: 'filled', keys: waited })
      return { outcomes, waited }
    })
    this.bus.wake(waited)
    return outcomes
  }

  async renew(items: readonly Held[], holdMs: number): Promise<void> {
    await this.#write((opened, now) => {
      const { epoch } = opened.namespace.state()
      for (const { key, fence } of items) {
        if (opened.entries.fenced(epoch, key, fence, now)) {
          opened.entries.renew(epoch, key, fence, now + holdMs)
        }
      }
    })
  }

  async release(items: readonly Held[]): Promise<void> {
    const waited = await this.#write((opened, now) => {
      const { epoch } = opened.namespace.state()
      const waited: string[] = []
      for (const { key, fence } of items) {
        const standing = opened.entries.fenced(epoch, key, fence, now)
        if (standing === undefined) continue
        opened.entries.release(epoch, key, fence)
        if (standing.waited || !standing.lease) waited.push(key)
      }
      opened.removals.append({ kind: 'filled', keys: waited })
      return waited
    })
    this.bus.wake(waited)
  }

  expire(keys: readonly string[]): Promise<void> {
    return this.remove({ kind: 'keys', keys, soft: true }, (opened, now) => {
      const { epoch } = opened.namespace.state()
      for (const key of keys) {
        opened.entries.expire(epoch, key, now)
        opened.intents.touch(epoch, key)
      }
    })
  }

  begin(keys: readonly string[], intent: string, holdMs: number): Promise<void> {
    return this.remove({ kind: 'keys', keys, soft: false }, (opened, now) => {
      const { epoch } = opened.namespace.state()
      for (const key of keys) {
        opened.intents.add(epoch, key, intent, now, now + holdMs)
        opened.entries.drop(epoch, key)
      }
    })
  }

  end(keys: readonly string[], intent: string): Promise<void> {
    return this.remove({ kind: 'keys', keys, soft: false }, (opened) => {
      const { epoch } = opened.namespace.state()
      for (const key of keys) {
        opened.intents.remove(epoch, key, intent)
        // Something is there only if the intent had run out, and then it may be what was read before the commit.
        opened.entries.drop(epoch, key)
      }
    })
  }

  conclude(
    items: readonly { readonly key: string; readonly intent: string }[],
    holdMs: number,
  ): Promise<readonly (Fence | undefined)[]> {
    return this.#write((opened, now) => {
      const { epoch } = opened.namespace.state()
      const fences = items.map(({ key, intent }) => {
        const alone = opened.intents.untouched(epoch, key, intent, now)
        opened.intents.remove(epoch, key, intent)
        if (alone) return opened.entries.take(epoch, key, now, now + holdMs)
        opened.entries.drop(epoch, key)
        return undefined
      })
      opened.removals.append({ kind: 'keys', keys: items.map(({ key }) => key), soft: false })
      return fences
    })
  }

  tags(tags: readonly string[]): Promise<readonly (TagState | undefined)[]> {
    return this.#file().ask((opened) => {
      const now = this.#clock().wall()
      const { epoch } = opened.namespace.state()
      return tags.map((tag) => opened.tags.state(epoch, tag, now))
    })
  }

  stampTags(tags: readonly string[], tagClock: string): Promise<readonly (string | undefined)[]> {
    return this.#write((opened, now) => {
      const current = opened.namespace.state()
      return tags.map((tag) => opened.tags.stamp(current, tag, tagClock, now))
    })
  }

  invalidate(tags: readonly string[], soft: boolean): Promise<void> {
    return this.remove({ kind: 'tags', tags, soft }, (opened, now) => {
      const current = opened.namespace.tick()
      for (const tag of tags) opened.tags.invalidate(current, tag, soft, now)
    })
  }

  /** Runs a removal and announces it, in one transaction. */
  remove(notice: Notice, work: (opened: Opened, now: number) => void): Promise<void> {
    return this.#write((opened, now) => {
      work(opened, now)
      opened.removals.append(notice)
    })
  }

  #write<T>(work: (opened: Opened, now: number) => T): Promise<T> {
    return this.#file().ask((opened) => opened.transaction(() => work(opened, this.#clock().wall())))
  }

  /** Leases what wasn't found. In a file that can't be written, the hits still count, and nothing gets stored. */
  #leaseMissing(
    opened: Opened,
    keys: readonly string[],
    found: readonly (LeaseRead | undefined)[],
    now: number,
    until: number,
  ): LeaseRead[] {
    try {
      return opened.transaction(() => {
        const { name } = opened.namespace
        const { epoch } = opened.namespace.state()
        return keys.map((key, i): LeaseRead => {
          const hit = found[i]
          if (hit !== undefined) return hit
          if (opened.intents.block(epoch, key, now)) return { state: 'blocked' }
          const frame = opened.entries.read(name, key, now)
          return frame ? { state: 'hit', frame } : opened.entries.lease(epoch, key, now, until)
        })
      })
    } catch (error) {
      if (!this.#file().unwritable(error)) throw error
      return found.map((hit) => hit ?? { state: 'blocked' })
    }
  }
}
