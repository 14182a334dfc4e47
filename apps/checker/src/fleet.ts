import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Audit, FromWorker, ToWorker, WorkerReport, WorkerSetup } from './worker-protocol.ts'

const program = fileURLToPath(new URL('worker.ts', import.meta.url))

/** One application process under test. */
export class WorkerProcess {
  readonly setup: WorkerSetup
  /** What it said last. */
  report: WorkerReport | undefined
  readonly ready: Promise<void>
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #calm: ((waiting: number) => void) | undefined
  #audit: ((versions: Audit) => void) | undefined
  #expectedEnd = false
  #died = false

  constructor(setup: WorkerSetup) {
    this.setup = setup
    this.#child = fork(program, [JSON.stringify(setup)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let heard!: () => void
    let failed!: (error: Error) => void
    this.ready = new Promise((resolve, reject) => {
      heard = resolve
      failed = reject
    })
    this.ready.catch(() => {})
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#died = !this.#expectedEnd
        failed(new Error(`process ${setup.position} ended with ${code ?? signal}`))
        this.#calm?.(0)
        this.#audit?.([])
        resolve()
      })
    })
    this.#child.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') heard()
      else if (message.kind === 'report') this.report = message.report
      else if (message.kind === 'calm') this.#calm?.(message.waiting)
      else this.#audit?.(message.versions)
    })
  }

  /** Did it end although nobody asked it to? */
  get died(): boolean {
    return this.#died
  }

  begin(): void {
    this.#say({ kind: 'begin' })
  }

  jump(ms: number): void {
    this.#say({ kind: 'jump', ms })
  }

  /** Resolves, when its writers have stopped, to the number of removals still queued. */
  calm(): Promise<number> {
    const done = new Promise<number>((resolve) => {
      this.#calm = resolve
    })
    this.#say({ kind: 'calm' })
    return done
  }

  audit(): Promise<Audit> {
    const done = new Promise<Audit>((resolve) => {
      this.#audit = resolve
    })
    this.#say({ kind: 'audit' })
    return done
  }

  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    this.#expectedEnd = true
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async end(): Promise<void> {
    this.#expectedEnd = true
    this.#say({ kind: 'end' })
    const tooLong = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await this.#ended
    clearTimeout(tooLong)
  }

  #say(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message)
  }
}
