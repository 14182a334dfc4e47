import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '@tierstack/cache-testing'
import type { Promises } from './promises.ts'
import type { Committed, Source, Way } from './source.ts'
import type { Subject } from './subjects/subject.ts'

/** How often each way is taken. */
const weights: Readonly<Record<Way, number>> = {
  delete: 40,
  write: 25,
  deferred: 12,
  expire: 8,
  tags: 14,
  clear: 0.3,
}
const mostUnderWay = 30

class RolledBack extends Error {}

/** The writers of one process: commit to the source, tell the cache, and note what was promised. */
export class Writers {
  changes = 0
  /** Told by a rejection that the cache promises nothing. */
  refused = 0
  readonly #subject: Subject
  readonly #source: Source
  readonly #promises: Promises
  readonly #options: {
    readonly keys: number
    readonly groups: number
    readonly changes: number
    readonly random: SeededRandom
  }
  #running = false
  #loop: Promise<void> = Promise.resolve()
  readonly #underWay = new Set<Promise<void>>()

  constructor(
    subject: Subject,
    source: Source,
    promises: Promises,
    options: {
      readonly keys: number
      readonly groups: number
      readonly changes: number
      readonly random: SeededRandom
    },
  ) {
    this.#subject = subject
    this.#source = source
    this.#promises = promises
    this.#options = options
  }

  start(): void {
    this.#running = true
    this.#loop = this.#go()
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#loop
    await Promise.race([Promise.all(this.#underWay), sleep(8_000)])
  }

  async #go(): Promise<void> {
    const { random, changes } = this.#options
    while (this.#running) {
      if (this.#underWay.size < mostUnderWay) {
        const change = this.#change(this.#way())
        this.#underWay.add(change)
        void change.finally(() => this.#underWay.delete(change))
      }
      await sleep((random.next() * 2_000) / changes)
    }
  }

  #way(): Way {
    const open = this.#subject.ways
    const sum = open.reduce((total, way) => total + weights[way], 0)
    let left = this.#options.random.next() * sum
    return open.find((way) => (left -= weights[way]) < 0) ?? 'delete'
  }

  async #change(way: Way): Promise<void> {
    const { random, keys, groups } = this.#options
    const group = random.below(groups)
    const count = way === 'write' ? 1 : way === 'deferred' ? 2 : random.next() < 0.15 ? 5 : 1
    const chosen = [...new Set(Array.from({ length: count }, () => Math.floor(keys * random.next() ** 1.5)))]
    const abort = way === 'deferred' && random.next() < 0.2
    const [before, after] = [random.below(12), random.below(12)]
    let committed: Committed[] = []
    const commit = async () => {
      // An intent stands for a while, and a process may be killed on either side of the commit.
      if (way === 'write') await sleep(before)
      if (way === 'deferred') committed = await this.#source.transaction(chosen, abort)
      else if (way === 'tags') committed = await this.#source.change('group', [group], way)
      else if (way === 'clear') committed = await this.#source.change('all', [], way)
      else committed = await this.#source.change('keys', chosen, way)
      if (way === 'write') await sleep(after)
      if (abort) throw new RolledBack()
    }
    try {
      const to = await this.#subject.change({ way, keys: chosen, tag: this.#source.tagOf(group), commit })
      this.changes++
      this.#promises.given(committed, to, way)
    } catch (error) {
      if (!(error instanceof RolledBack)) this.refused++
    }
  }
}
