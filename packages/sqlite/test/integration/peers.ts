import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Verbs } from './peer.ts'

type Answer<V extends keyof Verbs> = Awaited<ReturnType<Verbs[V]>>

/** Another process on the same file. */
export class Peer {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  #calls = 0

  constructor(path: string) {
    this.#child = fork(fileURLToPath(new URL('peer.ts', import.meta.url)), [path, 'peers'], {
      execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'],
    })
    this.#child.on('message', (message) => {
      const { id, answer, error } = message as { id: number; answer?: never; error?: string }
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(answer as never)
      else waiting?.reject(new Error(error))
    })
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The process ended'))
    })
  }

  do<V extends keyof Verbs>(verb: V, ...args: Parameters<Verbs[V]>): Promise<Answer<V>> {
    const id = ++this.#calls
    this.#child.send({ id, verb, args })
    return new Promise<Answer<V>>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
    })
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name)
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

/** Starts processes that have greeted the file. They end with the test. */
export async function peers(path: string, count: number): Promise<Peer[]> {
  const started = Array.from({ length: count }, () => new Peer(path))
  onTestFinished(async () => {
    await Promise.all(started.map((peer) => peer.kill()))
  })
  await Promise.all(started.map((peer) => peer.do('hello')))
  return started
}
