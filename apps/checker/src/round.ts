import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@tierstack/cache-testing'
import { WorkerProcess } from './fleet.ts'
import { History } from './history.ts'
import { watchLag } from './lag.ts'
import { LedgerWriter } from './ledger.ts'
import type { Plan } from './plans.ts'
import type { Scene } from './scene.ts'
import { startServers } from './servers.ts'
import type { Servers } from './servers.ts'
import type { Settings } from './settings.ts'
import { sharedNow } from './shared-time.ts'
import type { Source } from './source.ts'
import { addCounts, noCounts } from './verdict.ts'
import type { Counts } from './verdict.ts'
import type { Audit, WorkerSetup } from './worker-protocol.ts'

export interface RoundResult {
  readonly counts: Counts
  readonly changes: number
  readonly promised: number
  readonly refused: number
  readonly loads: number
  /** Keys that some process still has an older version of, after quiescence. */
  readonly permanent: number
  /** Those of them whose removal had been acknowledged. */
  readonly lost: number
  /** Keys older than the source, changed by a process that died before it could tell the cache, without `write()`. */
  readonly orphaned: number
  /** Removals still unconfirmed after quiescence. */
  readonly waiting: number
  /** Processes that ended by themselves. */
  readonly died: number
  readonly findings: readonly string[]
  readonly counters: Readonly<Record<string, number>>
}

const quietMs = 1_200
/** `write()` announces itself for 3 s in the checker; an announcement whose writer died must lapse. */
const lapseMs = 3_200
const linuxMemory = '/dev/shm'

/** One round of one plan: servers of its own, load, fault, load, quiescence, audit. */
export async function runRound(
  settings: Settings,
  plan: Plan,
  source: Source,
  database: string,
  seed: number,
  loadMs: number,
): Promise<RoundResult> {
  const folder = mkdtempSync(join(process.platform === 'linux' ? linuxMemory : tmpdir(), 'checker-'))
  await source.reset(settings.keys)
  const servers = await startServers({
    profile: settings.profile,
    processes: settings.processes,
    args: plan.redisArgs ?? [],
    hideRunId: settings.without === 'run-id',
  })
  const round = new Round(settings, plan, servers, folder, database, seed)
  try {
    await round.run(loadMs)
    return await round.verdict(source)
  } finally {
    await round.end()
    await servers.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

class Round {
  readonly #settings: Settings
  readonly #plan: Plan
  readonly #servers: Servers
  readonly #folder: string
  readonly #database: string
  readonly #seed: number
  readonly #ledger: LedgerWriter
  readonly #lagWatch: NodeJS.Timeout
  readonly #retired: WorkerProcess[] = []
  #workers: WorkerProcess[] = []
  #instances = 0
  #waiting = 0

  constructor(
    settings: Settings,
    plan: Plan,
    servers: Servers,
    folder: string,
    database: string,
    seed: number,
  ) {
    this.#settings = settings
    this.#plan = plan
    this.#servers = servers
    this.#folder = folder
    this.#database = database
    this.#seed = seed
    this.#ledger = new LedgerWriter(folder, this.#instances++)
    this.#lagWatch = watchLag((from, until) => this.#ledger.lag(from, until))
  }

  async run(loadMs: number): Promise<void> {
    const { processes } = this.#settings
    this.#workers = Array.from({ length: processes }, (_, position) => this.#fork(position))
    await Promise.all(this.#workers.map((worker) => worker.ready))
    const scene = this.#scene()
    for (const worker of this.#workers) worker.begin()
    await sleep(loadMs)
    if (this.#plan.silences) this.#ledger.silence(true, sharedNow())
    await this.#plan.strike(scene)
    if (this.#plan.silences) this.#ledger.silence(false, sharedNow())
    await sleep(loadMs)
    const waiting = await Promise.all(this.#workers.map((worker) => worker.calm()))
    this.#waiting = waiting.reduce((sum, one) => sum + one, 0)
    await sleep(this.#plan.name === 'e' ? lapseMs : quietMs)
  }

  /** Compares what every process, and one that knows nothing yet, says of every key with the source. */
  async verdict(source: Source): Promise<RoundResult> {
    const fresh = this.#fork(this.#settings.processes)
    await fresh.ready
    const audits = await Promise.all([...this.#workers, fresh].map((worker) => worker.audit()))
    this.#workers.push(fresh)
    const history = new History(this.#folder, this.#settings.keys, -1)
    history.update()
    await this.end()
    let permanent = 0
    let lost = 0
    let orphaned = 0
    const findings: string[] = []
    for (const { key, version, way } of await source.truth()) {
      const seen = lowest(audits, key)
      if (seen >= version) continue
      const acknowledged = history.newest[key] as number
      if (seen < acknowledged) lost++
      if (seen < acknowledged || way === 'write') permanent++
      else orphaned++
      findings.push(
        `after quiescence: key ${key} is at version ${version} (by ${way}, acknowledged ${acknowledged}), the processes say ${audits.map((audit) => audit[key]).join(' ')}`,
      )
    }
    return this.#result({ permanent, lost, orphaned, findings })
  }

  async end(): Promise<void> {
    clearInterval(this.#lagWatch)
    const workers = this.#workers
    this.#workers = []
    this.#retired.push(...workers)
    await Promise.all(workers.map((worker) => worker.end()))
  }

  #result(keys: Pick<RoundResult, 'permanent' | 'lost' | 'orphaned' | 'findings'>): RoundResult {
    let counts = noCounts()
    const sums = { changes: 0, promised: 0, refused: 0, loads: 0 }
    const counters: Record<string, number> = {}
    const findings: string[] = []
    for (const { report, setup } of this.#retired) {
      if (report === undefined) continue
      counts = addCounts(counts, report.counts)
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += report[name]
      for (const [name, count] of Object.entries(report.counters))
        counters[name] = (counters[name] ?? 0) + count
      findings.push(...report.findings.map((finding) => `process ${setup.position}: ${finding}`))
    }
    return {
      ...keys,
      ...sums,
      counts,
      counters,
      waiting: this.#waiting,
      died: this.#retired.filter((worker) => worker.died).length,
      findings: [...findings, ...keys.findings.slice(0, 8)],
    }
  }

  #fork(position: number): WorkerProcess {
    const { library, without, keys, groups, hotReads, changes, trace } = this.#settings
    const setup: WorkerSetup = {
      library,
      without,
      keys,
      groups,
      hotReads,
      changes,
      position,
      trace,
      instance: this.#instances++,
      folder: this.#folder,
      seed: this.#seed,
      bound: this.#settings.bound,
      namespace: 'checker',
      place: this.#servers.placeOf(position),
      database: this.#database,
      delays: { stalls: 0, blocks: 0, ...this.#plan.delays },
      ownClock: this.#plan.ownClock ?? false,
    }
    return new WorkerProcess(setup)
  }

  #scene(): Scene {
    return {
      servers: this.#servers,
      random: seededRandom(this.#seed),
      namespace: 'checker',
      faultMs: this.#settings.faultMs,
      workers: () => this.#workers,
      replace: async (position) => {
        const old = this.#workers[position] as WorkerProcess
        await old.kill()
        this.#retired.push(old)
        const next = this.#fork(position)
        this.#workers[position] = next
        await next.ready
        next.begin()
      },
    }
  }
}

function lowest(audits: readonly Audit[], key: number): number {
  return Math.min(...audits.map((audit) => audit[key] ?? 0))
}
