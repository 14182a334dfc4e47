import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '@tierstack/test-services'
import { percentile } from './percentile.ts'
import { sharedNow } from './shared-time.ts'

/*
 * Several processes, many callers each, one cold key: there must be one load, and the callers of the processes that
 * don't load must not wait longer than those of the one that does.
 */

export interface StampedeOrder {
  readonly key: number
  readonly callers: number
  /** Shared time at which to begin. */
  readonly at: number
}

export interface StampedeAnswer {
  readonly loads: number
  /** Ms that each caller waited. */
  readonly times: readonly number[]
}

const processes = 4
const callers = 250
const loadMs = 50
const rounds = 25
const warmUp = 5
const allowed = 1.15

const program = fileURLToPath(new URL('stampede-worker.ts', import.meta.url))

async function ask(workers: readonly ChildProcess[], key: number, each: number): Promise<StampedeAnswer> {
  const at = sharedNow() + 60
  const answers = await Promise.all(
    workers.map(async (worker) => {
      worker.send({ key, callers: each, at } satisfies StampedeOrder)
      const [answer] = (await once(worker, 'message')) as [StampedeAnswer]
      return answer
    }),
  )
  return {
    loads: answers.reduce((sum, { loads }) => sum + loads, 0),
    times: answers.flatMap(({ times }) => times),
  }
}

interface Round {
  readonly p50: number
  readonly p99: number
}

function roundOf({ times }: StampedeAnswer): Round {
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** The median over the rounds: in a round all callers wait for the same load, so one slow round would be the whole p99. */
function typical(rounds: readonly Round[], name: keyof Round): number {
  return percentile(
    rounds.map((round) => round[name]),
    0.5,
  )
}

async function main(): Promise<void> {
  const server = await startRedis()
  const workers = Array.from({ length: processes }, () => fork(program, [server.url, String(loadMs)]))
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    await sleep(500)
    let key = 0
    const together: Round[] = []
    const alone: Round[] = []
    let extraLoads = 0
    // In turn, so that what else the machine does concerns both.
    for (let round = 0; round < rounds + warmUp; round++) {
      const [first] = workers as [ChildProcess, ...ChildProcess[]]
      const one = await ask([first], key++, callers)
      const all = await ask(workers, key++, callers)
      if (round < warmUp) continue
      alone.push(roundOf(one))
      together.push(roundOf(all))
      extraLoads += all.loads - 1
    }
    const [p50, p50Alone] = [typical(together, 'p50'), typical(alone, 'p50')]
    const [p99, p99Alone] = [typical(together, 'p99'), typical(alone, 'p99')]
    const ratio = p99 / p99Alone
    console.log(
      `${processes} processes, ${callers} callers each, one cold key, a loader of ${loadMs} ms; medians of ${rounds} rounds`,
    )
    console.log(`loads beyond one per round: ${extraLoads}`)
    console.log(`p50 ${p50.toFixed(1)} ms; one process: ${p50Alone.toFixed(1)} ms`)
    console.log(
      `p99 ${p99.toFixed(1)} ms; one process: ${p99Alone.toFixed(1)} ms; ratio ${ratio.toFixed(2)} (allowed ${allowed})`,
    )
    if (extraLoads > 0 || ratio > allowed) process.exitCode = 1
  } finally {
    for (const worker of workers) worker.disconnect()
    await server.stop()
  }
}

await main()
