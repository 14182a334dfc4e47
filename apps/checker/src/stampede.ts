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

async function main(): Promise<void> {
  const server = await startRedis()
  const workers = Array.from({ length: processes }, () => fork(program, [server.url, String(loadMs)]))
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    await sleep(500)
    let key = 0
    const together: number[] = []
    const alone: number[] = []
    let extraLoads = 0
    // In turn, so that what else the machine does concerns both.
    for (let round = 0; round < rounds + warmUp; round++) {
      const [first] = workers as [ChildProcess, ...ChildProcess[]]
      const one = await ask([first], key++, callers)
      const all = await ask(workers, key++, callers)
      if (round < warmUp) continue
      alone.push(...one.times)
      together.push(...all.times)
      extraLoads += all.loads - 1
    }
    const [p99, p99Alone] = [percentile(together, 0.99), percentile(alone, 0.99)]
    const ratio = p99 / p99Alone
    console.log(
      `${processes} processes, ${callers} callers each, one cold key, a loader of ${loadMs} ms, ${rounds} rounds`,
    )
    console.log(`loads beyond one per round: ${extraLoads}`)
    console.log(
      `p50 ${percentile(together, 0.5).toFixed(1)} ms; one process: ${percentile(alone, 0.5).toFixed(1)} ms`,
    )
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
