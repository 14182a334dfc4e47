import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '@tierstack/cache-testing'
import { isRowOf } from './row.ts'
import { sharedNow } from './shared-time.ts'
import type { Subject } from './subjects/subject.ts'
import type { Verdict } from './verdict.ts'
import type { Audit } from './worker-protocol.ts'

const mostUnderWay = 400
const burstMs = 10

export interface ReadersOptions {
  readonly keys: number
  /** Reads of the memory per second. */
  readonly hotReads: number
  readonly randomFor: (role: number) => SeededRandom
}

/** Key indices, a few of them far more often than the others. */
function skewed(random: SeededRandom, keys: number): number {
  return Math.floor(keys * random.next() ** 2)
}

/** The readers of one process. The beginning of a read is noted before the call, so that our own slowness never counts. */
export class Readers {
  readonly #subject: Subject
  readonly #verdict: Verdict
  readonly #options: ReadersOptions
  /** Newest version that a finished read of this process returned. */
  readonly #seen: Uint32Array
  #running = false
  #underWay = 0
  #loops: Promise<void>[] = []

  constructor(subject: Subject, verdict: Verdict, options: ReadersOptions) {
    this.#subject = subject
    this.#verdict = verdict
    this.#options = options
    this.#seen = new Uint32Array(options.keys)
  }

  start(): void {
    const { randomFor } = this.#options
    this.#running = true
    this.#loops = [
      this.#single(randomFor(1)),
      this.#bulk(randomFor(2)),
      this.#hot(randomFor(3)),
      this.#awaited(randomFor(4)),
      this.#warming(randomFor(5)),
    ]
  }

  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops)
  }

  /** The lowest version that any way of reading gives, of each key. 0 where a read failed. */
  async audit(): Promise<Audit> {
    const { keys } = this.#options
    const all = Array.from({ length: keys }, (_, key) => key)
    const subject = this.#subject
    const version = (row: unknown, key: number) => (isRowOf(row, key) ? row.version : 0)
    const read = await Promise.all(
      all.map(async (key) => version(await subject.read(key).catch(() => undefined), key)),
    )
    const many = await subject.many(all).catch(() => [])
    return all.map((key) => {
      const peeked = subject.peek(key)
      const versions = [read[key] as number, version(many[key], key)]
      return Math.min(...versions, ...(peeked === undefined ? [] : [version(peeked, key)]))
    })
  }

  /** One key at a time, many at once: what an application does. */
  async #single(random: SeededRandom): Promise<void> {
    while (this.#running) {
      for (let i = 0; i < 8 && this.#underWay < mostUnderWay; i++)
        void this.#one(skewed(random, this.#options.keys))
      await sleep(4 + random.below(8))
    }
  }

  async #bulk(random: SeededRandom): Promise<void> {
    while (this.#running) {
      const keys = new Set(Array.from({ length: 12 }, () => skewed(random, this.#options.keys)))
      if (this.#underWay < mostUnderWay) void this.#several([...keys])
      await sleep(15 + random.below(30))
    }
  }

  /** Synchronous reads of the memory, as fast as asked for. */
  async #hot(random: SeededRandom): Promise<void> {
    const { keys, hotReads } = this.#options
    const subject = this.#subject
    const seen = this.#seen
    const size = Math.ceil((hotReads * burstMs) / 1_000)
    const order = Uint16Array.from({ length: 4_096 }, () => skewed(random, keys))
    let at = 0
    while (this.#running) {
      for (let i = 0; i < size; i++) {
        const key = order[at++ & 4_095] as number
        const start = sharedNow()
        const row = subject.peek(key)
        if (row === undefined) continue
        if (!isRowOf(row, key)) this.#wrong('peek', key, row)
        else {
          const { version } = row
          if (version < (seen[key] as number)) this.#backwards('peek', key, version, seen[key] as number)
          else seen[key] = version
          this.#verdict.noted(key, version, start, 'peek')
        }
      }
      await sleep(burstMs)
      // The messages of other processes are read first.
      await turn()
    }
  }

  /** One read after the other, without leaving the microtasks while the memory has them. */
  async #awaited(random: SeededRandom): Promise<void> {
    while (this.#running) {
      for (let i = 0; i < 50 && this.#running; i++) await this.#one(skewed(random, this.#options.keys))
      await sleep(5)
    }
  }

  /** Loads that nobody waits for. Only what others read afterwards is judged. */
  async #warming(random: SeededRandom): Promise<void> {
    while (this.#running) {
      const keys = new Set(Array.from({ length: 60 }, () => random.below(this.#options.keys)))
      await this.#subject.warm?.([...keys])
      await sleep(20 + random.below(40))
    }
  }

  async #one(key: number): Promise<void> {
    const floor = this.#seen[key] as number
    this.#underWay++
    const start = sharedNow()
    try {
      this.#took('read', key, await this.#subject.read(key), start, floor)
    } catch (error) {
      this.#failed('read', key, error)
    }
    this.#underWay--
  }

  async #several(keys: readonly number[]): Promise<void> {
    const floors = keys.map((key) => this.#seen[key] as number)
    this.#underWay++
    const start = sharedNow()
    try {
      const rows = await this.#subject.many(keys)
      for (const [i, key] of keys.entries()) this.#took('many', key, rows[i], start, floors[i] as number)
    } catch (error) {
      this.#failed('many', keys[0] as number, error)
    }
    this.#underWay--
  }

  #took(way: string, key: number, row: unknown, start: number, floor: number): void {
    if (!isRowOf(row, key)) {
      this.#wrong(way, key, row)
      return
    }
    const { version } = row
    if (version < floor) this.#backwards(way, key, version, floor)
    if (version > (this.#seen[key] as number)) this.#seen[key] = version
    this.#verdict.noted(key, version, start, way)
  }

  #backwards(way: string, key: number, version: number, floor: number): void {
    this.#verdict.counts.backwards++
    this.#verdict.found(`backwards: ${way} of ${key} gave version ${version} after ${floor}`)
  }

  #wrong(way: string, key: number, row: unknown): void {
    this.#verdict.counts.wrong++
    this.#verdict.found(`wrong: ${way} of ${key} gave ${JSON.stringify(row)?.slice(0, 60)}`)
  }

  #failed(way: string, key: number, error: unknown): void {
    this.#verdict.counts.errors++
    this.#verdict.found(`error: ${way} of ${key} rejected with ${String(error)}`)
  }
}
