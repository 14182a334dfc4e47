import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '@tierstack/test-services'
import type { RedisServer } from '@tierstack/test-services'
import { BehindProcess } from './behind-process.ts'
import { BehindSource } from './behind-source.ts'
import type { BehindPlan, BehindVerdict } from './behind-verdict.ts'
import { percentile } from './percentile.ts'

/*
 * Write-behind under SIGKILL: every write that was acknowledged must reach the source, once and in order, whoever is
 * killed meanwhile; and from its acknowledgement on, every process must see it.
 */

/** Writes that are asked for at once, each of another key. */
const lanes = 64
/**
 * How long another process' memory may go on with what was removed, ms: how soon a message arrives on a machine that isn't
 * overloaded, and the bound that holds whatever happens to it.
 */
const messageBound = 50
const silentBound = 600

/** Runs a plan. Three times somebody is killed: one process, the Redis server, all processes. */
export async function runBehind(plan: BehindPlan): Promise<BehindVerdict> {
  const server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const source = new BehindSource(plan.databaseUrl)
  try {
    await source.reset()
    const args = [server.url, plan.databaseUrl, plan.invalidation, plan.store]
    const workers = Array.from({ length: plan.processes }, () => new BehindProcess(args))
    await Promise.all(workers.map(({ ready }) => ready))
    const verdict = await new Run(plan, workers, source, server).run()
    await Promise.all(workers.map((worker) => worker.stop()))
    return verdict
  } finally {
    await source.close()
    await server.stop()
  }
}

class Run {
  readonly #plan: BehindPlan
  readonly #workers: readonly BehindProcess[]
  readonly #source: BehindSource
  readonly #server: RedisServer
  readonly #expected = new Map<number, number>()
  readonly #times: number[] = []
  #id = 0
  #acknowledged = 0
  #refused = 0
  #unanswered = 0
  #reads = 0
  #stale = 0
  #silent = 0
  #queued = 0
  #onTheWay = 0
  #late = 0
  #mark = 0
  #latest = 0
  #outage = false

  constructor(
    plan: BehindPlan,
    workers: readonly BehindProcess[],
    source: BehindSource,
    server: RedisServer,
  ) {
    this.#plan = plan
    this.#workers = workers
    this.#source = source
    this.#server = server
  }

  async run(): Promise<BehindVerdict> {
    const began = performance.now()
    const { keys, writes } = this.#plan
    const each = Math.ceil(writes / keys)
    const kills = this.#kills()
    const left = Array.from({ length: keys }, (_, key) => key).values()
    const lane = async () => {
      for (const key of left) await this.#write(key, each)
    }
    await Promise.all(Array.from({ length: lanes }, () => lane()))
    await kills
    const unsaved = await this.#flushed()
    const seconds = (performance.now() - began) / 1_000
    const rows = new Map((await this.#source.rows()).map(({ key, version }) => [key, version]))
    const wrong = [...this.#expected].filter(([key, version]) => rows.get(key) !== version).length
    const log = await this.#source.log()
    return {
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      unanswered: this.#unanswered,
      wrong: wrong + Math.abs(rows.size - this.#expected.size),
      ...log,
      left: unsaved,
      reads: this.#reads,
      stale: this.#stale,
      onTheWay: this.#onTheWay,
      late: this.#late,
      silent: this.#silent,
      queued: this.#queued,
      latest: this.#latest,
      seconds,
      p50: percentile(this.#times, 0.5),
      p99: percentile(this.#times, 0.99),
    }
  }

  /** Writes version after version of one key, by changing processes; each only after the one before was answered. */
  async #write(key: number, times: number): Promise<void> {
    let version = 0
    for (let done = 0; done < times;) {
      const worker = this.#workers[(key + done) % this.#workers.length] as BehindProcess
      const asked = performance.now()
      const answer = await worker.ask({ kind: 'write', id: ++this.#id, key, version: ++version })
      if (answer === undefined) this.#unanswered++
      else if (!answer.ok) {
        this.#refused++
        await sleep(20)
      } else {
        this.#times.push(performance.now() - asked)
        this.#acknowledged++
        this.#expected.set(key, version)
        done++
        if (this.#acknowledged % 20 === 0) await this.#look(worker, key, version, answer.queued === true)
      }
    }
  }

  /** Whether another process sees what was just acknowledged. Nobody else writes the key meanwhile. */
  async #look(writer: BehindProcess, key: number, version: number, queued: boolean): Promise<void> {
    const worker = this.#workers[(key + this.#reads) % this.#workers.length] as BehindProcess
    const acknowledged = performance.now()
    const answer = await worker.ask({ kind: 'read', id: ++this.#id, key })
    if (answer?.ok !== true) return
    this.#reads++
    if (answer.version >= version) return
    if (queued) {
      this.#queued++
      return
    }
    const silent = answer.live !== true || this.#outage
    if (silent) this.#silent++
    else this.#onTheWay++
    // A process needs no message for what it wrote itself.
    const mark = worker === writer ? 0 : await this.#marked(writer)
    await this.#lookAgain(worker, { key, version, acknowledged, silent, mark })
  }

  /** Resolves to a mark that was sent after what the writer did before, or to none, where it can't be sent. */
  async #marked(writer: BehindProcess): Promise<number> {
    const mark = ++this.#mark
    const answer = await writer.ask({ kind: 'mark', id: ++this.#id, mark })
    return answer?.ok === true ? mark : Number.POSITIVE_INFINITY
  }

  /** Until the write shows, or is found stale. */
  async #lookAgain(
    worker: BehindProcess,
    o: {
      readonly key: number
      readonly version: number
      readonly acknowledged: number
      readonly silent: boolean
      readonly mark: number
    },
  ): Promise<void> {
    const until = performance.now() + silentBound
    let late = false
    for (;;) {
      const asked = performance.now()
      const again = await worker.ask({ kind: 'read', id: ++this.#id, key: o.key })
      if (again?.ok !== true || again.version >= o.version) return
      const ms = asked - o.acknowledged
      this.#latest = Math.max(this.#latest, ms)
      if (!late && !o.silent && ms > messageBound) {
        late = true
        this.#late++
      }
      if (asked < until && (o.silent || (again.heard ?? 0) < o.mark)) continue
      this.#stale++
      return
    }
  }

  async #kills(): Promise<void> {
    const { writes } = this.#plan
    const reached = async (share: number) => {
      while (this.#acknowledged < writes * share) await sleep(5)
    }
    await reached(0.25)
    await this.#workers[0]?.killAndRestart()
    await reached(0.5)
    this.#outage = true
    await this.#server.kill()
    await this.#server.restart()
    await sleep(2_000)
    this.#outage = false
    await reached(0.75)
    await Promise.all(this.#workers.map((worker) => worker.killAndRestart()))
  }

  async #flushed(): Promise<number> {
    for (;;) {
      const answer = await this.#workers[0]?.ask({ kind: 'flush', id: ++this.#id })
      if (answer?.ok) return answer.version
      await sleep(100)
    }
  }
}
