import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answer, Hello } from './contestant-process.ts'
import type { Sample } from './sample.ts'
import type { Level, Order, Part, Place, Scenario } from './scenario.ts'
import { sharedNow } from './shared-time.ts'

const program = fileURLToPath(new URL('contestant-process.ts', import.meta.url))
/** Longer than any part takes: who needs more hangs. */
const patience = 90_000
/** Time for the order to reach processes that begin together. */
const runUp = 30

/** A contestant as the bench sees it: as many processes as the scenario's largest part needs. */
export class ContestantProcesses {
  readonly name: string
  readonly #children: readonly ChildProcess[]
  readonly #scenario: Scenario
  hello: Hello | undefined
  error: string | undefined

  constructor(name: string, scenario: Scenario, place: Place, level: Level) {
    this.name = name
    this.#scenario = scenario
    const count = Math.max(...scenario.parts.map(({ processes }) => processes))
    this.#children = Array.from({ length: count }, () =>
      fork(program, [scenario.name, name, level, JSON.stringify(place)], {
        execArgv: [
          '--conditions=@tierstack/source',
          '--disable-warning=ExperimentalWarning',
          '--expose-gc',
          ...(scenario.flags ?? []),
        ],
        // Half of a start is compiling, and there are more than two hundred.
        env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'tierstack-bench-compiled') },
        // What libraries print isn't ours to show.
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      }),
    )
  }

  async ready(): Promise<void> {
    const answers = await this.#trying(Promise.all(this.#children.map((child) => answerOf(child))))
    const [hello] = answers ?? []
    if (hello?.kind === 'ready') this.hello = hello
  }

  /** Plays one part of a round; undefined once the contestant is out. */
  async play(round: number, part: Part): Promise<Sample | undefined> {
    if (this.error !== undefined) return undefined
    const children = this.#children.slice(0, part.processes)
    const startAt = sharedNow() + runUp
    const answers = await this.#trying(
      Promise.all(
        children.map((child, seat) => {
          const answer = answerOf(child)
          child.send({ round, part: part.name, seat, at: startAt } satisfies Order)
          return answer
        }),
      ),
    )
    const samples = (answers ?? []).flatMap((answer) => (answer.kind === 'played' ? [answer.sample] : []))
    if (this.error !== undefined || samples.length === 0) return undefined
    return this.#scenario.merge?.(samples, part) ?? samples[0]
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = new Promise<void>((resolve) => {
          child.once('exit', () => resolve())
        })
        if (this.error === undefined && child.connected) child.send('end')
        else child.kill('SIGKILL')
        const killer = setTimeout(() => child.kill('SIGKILL'), 3_000)
        await gone
        clearTimeout(killer)
      }),
    )
  }

  async #trying(answers: Promise<readonly Answer[]>): Promise<readonly Answer[] | undefined> {
    try {
      const all = await answers
      const failed = all.find((answer) => answer.kind === 'failed')
      if (failed?.kind === 'failed') this.error = failed.message
      return all
    } catch (error) {
      this.error = (error as Error).message
      return undefined
    }
  }
}

function answerOf(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer)
      child.off('message', answered)
      child.off('exit', ended)
      end()
    }
    const answered = (answer: Answer) => settle(() => resolve(answer))
    const ended = (code: number | null) => settle(() => reject(new Error(`its process ended (${code})`)))
    const timer = setTimeout(
      () => settle(() => reject(new Error(`no answer for ${patience / 1_000} s`))),
      patience,
    )
    child.once('message', answered)
    child.once('exit', ended)
  })
}
