import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startRedis } from '@tierstack/test-services'
import type { RedisServer } from '@tierstack/test-services'
import { BehindSource } from './behind-source.ts'
import { percentile } from './percentile.ts'

/*
 * Write-behind under SIGKILL: every write that was acknowledged must reach the source, once and in order, whoever is
 * killed meanwhile; and from its acknowledgement on, every process must see it.
 */

export type BehindOrder =
  | { readonly kind: 'write'; readonly id: number; readonly key: number; readonly version: number }
  | { readonly kind: 'read'; readonly id: number; readonly key: number }
  | { readonly kind: 'flush'; readonly id: number }
  /** Sends a message on the bus, which every process hears after those of earlier writes. */
  | { readonly kind: 'mark'; readonly id: number; readonly mark: number }

export type BehindAnswer =
  | {
      readonly id: number
      readonly ok: true
      readonly version: number
      /** Of a write: removals wait in its process. */
      readonly queued?: boolean
      /** Of a read: its process knew that it hears of every removal. */
      readonly live?: boolean
      /** Of a read: the last mark that its process had heard of when it began. */
      readonly heard?: number
    }
  | { readonly id: number; readonly ok: false; readonly why: string }

export interface BehindPlan {
  /** Acknowledged writes. */
  readonly writes: number
  readonly keys: number
  readonly processes: number
  readonly databaseUrl: string
  /** What a write does whose removal a tier didn't confirm: it is refused, or acknowledged and the removal sent later. */
  readonly invalidation: 'strict' | 'queue'
  /** Where writes wait: in Redis Streams, or in a table of the database. */
  readonly store: 'redis' | 'postgres'
}

export interface BehindVerdict {
  readonly acknowledged: number
  readonly refused: number
  /** Writes whose process was killed before it answered. */
  readonly unanswered: number
  /** Keys whose row isn't the last acknowledged write. */
  readonly wrong: number
  readonly twice: number
  readonly backwards: number
  readonly changes: number
  readonly left: number
  /** Reads in another process, after the acknowledgement. */
  readonly reads: number
  /**
   * Those that returned an older version, and did so again when they mustn't: when the process had heard what was sent on
   * the bus after the write, or 600 ms later at the latest.
   */
  readonly stale: number
  /** Those that did so once, by a process that hears of every removal: the message was on its way. */
  readonly onTheWay: number
  /** Those whose message was still on its way after 50 ms: none that was sent later had arrived either. */
  readonly late: number
  /** Those that did so for less than that, while their bus was silent: within the declared bound. */
  readonly silent: number
  /** Those after a write whose process had removals waiting: its receipt said so, and others may read the old row. */
  readonly queued: number
  /** Longest time between an acknowledgement and the begin of a read elsewhere that was still older, ms. */
  readonly latest: number
  readonly seconds: number
  /** Median and 99th percentile of the time to an acknowledgement, ms. */
  readonly p50: number
  readonly p99: number
}

/** Writes that are asked for at once, each of another key. */
const lanes = 64
/**
 * How long another process' memory may go on with what was removed, ms: how soon a message arrives on a machine that isn't
 * overloaded, and the bound that holds whatever happens to it.
 */
const messageBound = 50
const silentBound = 600

const program = fileURLToPath(new URL('behind-worker.ts', import.meta.url))
const execArgv = ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning']

/** A process, and the orders that it hasn't answered. */
class Worker {
  readonly #args: readonly string[]
  readonly #waiting = new Map<number, (answer: BehindAnswer | undefined) => void>()
  #outgoing: BehindOrder[] = []
  #child: ChildProcess
  #ready: Promise<unknown>

  constructor(args: readonly string[]) {
    this.#args = args
    this.#child = fork(program, [...args], { execArgv })
    this.#ready = this.#listen()
  }

  get ready(): Promise<unknown> {
    return this.#ready
  }

  /** Resolves to the answer, or to undefined when the process is killed before. */
  async ask(order: BehindOrder): Promise<BehindAnswer | undefined> {
    await this.#ready
    return await new Promise((resolve) => {
      this.#waiting.set(order.id, resolve)
      if (this.#outgoing.push(order) === 1) setImmediate(() => this.#send())
    })
  }

  async killAndRestart(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
    for (const resolve of this.#waiting.values()) resolve(undefined)
    this.#waiting.clear()
    this.#outgoing = []
    this.#child = fork(program, [...this.#args], { execArgv })
    this.#ready = this.#listen()
    await this.#ready
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }

  #send(): void {
    const orders = this.#outgoing
    this.#outgoing = []
    if (orders.length > 0 && this.#child.connected) this.#child.send(orders, () => {})
  }

  async #listen(): Promise<void> {
    const child = this.#child
    await once(child, 'message')
    child.on('message', (answer: BehindAnswer) => {
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
  }
}

/** Runs a plan. Three times somebody is killed: one process, the Redis server, all processes. */
export async function runBehind(plan: BehindPlan): Promise<BehindVerdict> {
  const server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const source = new BehindSource(plan.databaseUrl)
  try {
    await source.reset()
    const args = [server.url, plan.databaseUrl, plan.invalidation, plan.store]
    const workers = Array.from({ length: plan.processes }, () => new Worker(args))
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
  readonly #workers: readonly Worker[]
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

  constructor(plan: BehindPlan, workers: readonly Worker[], source: BehindSource, server: RedisServer) {
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
      const worker = this.#workers[(key + done) % this.#workers.length] as Worker
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
  async #look(writer: Worker, key: number, version: number, queued: boolean): Promise<void> {
    const worker = this.#workers[(key + this.#reads) % this.#workers.length] as Worker
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
  async #marked(writer: Worker): Promise<number> {
    const mark = ++this.#mark
    const answer = await writer.ask({ kind: 'mark', id: ++this.#id, mark })
    return answer?.ok === true ? mark : Number.POSITIVE_INFINITY
  }

  /** Until the write shows, or is found stale. */
  async #lookAgain(
    worker: Worker,
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
