import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@tierstack/cache-testing'
import { Client } from 'pg'
import type { Orm } from './apps.ts'

/*
 * The same small application in several processes, on one ORM: single rows and a sum over all are read while rows are
 * written, alone and in transactions that commit or roll back. From the acknowledgement of a write on, nobody in any
 * process may read less than it wrote; nor, ever, what was rolled back.
 */

export type OrmOrder =
  | { readonly kind: 'get'; readonly id: number; readonly key: number }
  | { readonly kind: 'sum'; readonly id: number }
  | {
      readonly kind: 'set' | 'commit' | 'rollback'
      readonly id: number
      readonly key: number
      readonly version: number
    }

export type OrmAnswer =
  | { readonly id: number; readonly value: number }
  | { readonly id: number; readonly error: string }

export interface OrmPlan {
  readonly orm: Orm
  readonly redisUrl: string
  readonly databaseUrl: string
  readonly processes: number
  readonly writes: number
  readonly seed: number
  /** How soon a removal has reached the memory of every process, ms. */
  readonly bound: number
}

export interface OrmVerdict {
  readonly writes: number
  readonly rollbacks: number
  readonly reads: number
  /** Reads that a tier answered. */
  readonly hits: number
  /** Reads, begun `bound` ms after the acknowledgement of a write or later, of an older state. */
  readonly stale: number
  /** Of those that began earlier, in another process: the removal was on its way. */
  readonly onTheWay: number
  /** Reads of what was rolled back. */
  readonly phantoms: number
  readonly errors: readonly string[]
}

const keys = 12
/** No transaction that commits writes so much. */
const poison = 1_000_000
const program = fileURLToPath(new URL('worker.ts', import.meta.url))

class OrmProcess {
  readonly child: ChildProcess
  readonly ready: Promise<unknown>
  readonly #waiting = new Map<number, (answer: OrmAnswer) => void>()

  constructor({ orm, redisUrl, databaseUrl }: OrmPlan) {
    this.child = fork(program, [orm, redisUrl, databaseUrl], {
      execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'],
    })
    this.ready = once(this.child, 'message').then(() => {
      this.child.on('message', (answer: OrmAnswer) => {
        this.#waiting.get(answer.id)?.(answer)
        this.#waiting.delete(answer.id)
      })
    })
  }

  ask(order: OrmOrder | 'hits'): Promise<OrmAnswer> {
    return new Promise((resolve) => {
      this.#waiting.set(order === 'hits' ? -1 : order.id, resolve)
      this.child.send(order)
    })
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit')
    this.child.disconnect()
    await gone
  }
}

/** What every reader must see of a row: versions, and when they were acknowledged. */
interface Known {
  version: number
  at: number
  /** What had to be seen before the last acknowledgement. */
  before: number
}

export async function runOrm(plan: OrmPlan): Promise<OrmVerdict> {
  const admin = new Client({ connectionString: plan.databaseUrl })
  await admin.connect()
  await admin.query('drop table if exists things; create table things (id int primary key, v int not null)')
  await admin.query('insert into things select i, 0 from generate_series(1, $1) i', [keys])
  await admin.end()
  const processes = Array.from({ length: plan.processes }, () => new OrmProcess(plan))
  try {
    await Promise.all(processes.map(({ ready }) => ready))
    return await drive(plan, processes)
  } finally {
    await Promise.all(processes.map((one) => one.stop()))
  }
}

async function drive(plan: OrmPlan, processes: readonly OrmProcess[]): Promise<OrmVerdict> {
  const random = seededRandom(plan.seed)
  const { bound } = plan
  const known = new Map<number, Known>()
  const counts = { writes: 0, rollbacks: 0, reads: 0, hits: 0, stale: 0, onTheWay: 0, phantoms: 0 }
  const errors: string[] = []
  let id = 0
  let over = false
  const least = (key: number, now: number): [certain: number, last: number] => {
    const { version = 0, at = 0, before = 0 } = known.get(key) ?? {}
    return [now - at >= bound ? version : before, version]
  }
  const judge = (found: number, certain: number, last: number) => {
    counts.reads++
    if (found >= poison || found < 0) counts.phantoms++
    else if (found < certain) counts.stale++
    else if (found < last) counts.onTheWay++
  }
  const read = async (worker: OrmProcess) => {
    const now = performance.now()
    const key = 1 + random.below(keys)
    const whole = random.next() < 0.1
    const all = Array.from({ length: keys }, (_, i) => least(i + 1, now))
    const [certain, last] = whole
      ? [all.reduce((sum, [one]) => sum + one, 0), all.reduce((sum, [, one]) => sum + one, 0)]
      : (all[key - 1] as [number, number])
    const answer = await worker.ask(whole ? { kind: 'sum', id: ++id } : { kind: 'get', id: ++id, key })
    if ('error' in answer) errors.push(answer.error)
    else judge(answer.value, certain, last)
  }
  const readers = processes.flatMap((worker) =>
    Array.from({ length: 4 }, async () => {
      while (!over) await read(worker)
    }),
  )
  /** One writer per row, by changing processes. */
  const writers = Array.from({ length: keys }, async (_, i) => {
    const key = i + 1
    for (let n = 1; n * keys <= plan.writes; n++) {
      const worker = processes[random.below(processes.length)] as OrmProcess
      const chance = random.next()
      const kind = chance < 0.4 ? 'set' : chance < 0.7 ? 'commit' : 'rollback'
      const version = kind === 'rollback' ? poison + n : n
      const answer = await worker.ask({ kind, id: ++id, key, version })
      if ('error' in answer) errors.push(answer.error)
      else if (kind === 'rollback') counts.rollbacks++
      else {
        counts.writes++
        const { version: before = 0 } = known.get(key) ?? {}
        known.set(key, { version, before, at: performance.now() })
      }
      await sleep(random.below(20))
    }
  })
  await Promise.all(writers)
  await sleep(2 * bound)
  over = true
  await Promise.all(readers)
  for (const worker of processes) {
    const answer = await worker.ask('hits')
    if ('value' in answer) counts.hits += answer.value
  }
  return { ...counts, errors }
}
