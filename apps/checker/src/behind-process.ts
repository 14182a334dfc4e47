import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { BehindAnswer, BehindOrder } from './behind-messages.ts'

const program = fileURLToPath(new URL('behind-worker.ts', import.meta.url))
const execArgv = ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning']

/** A process, and the orders that it hasn't answered. */
export class BehindProcess {
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
