import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Answer, Connection, FeedAddress, Step } from './database.ts'
import type { Heard, Reply, Request } from './embedded-worker.ts'
import { lockFolder } from './folder-lock.ts'

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/**
 * PGlite on a thread of its own: PostgreSQL compiled to WebAssembly computes synchronously, and on the thread of the
 * service it would make every reader wait for every query.
 */
class Embedded implements Connection {
  readonly title: string
  readonly parallel: number = 1
  readonly #worker: Worker
  readonly #release: () => void
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Map<string, (payload: string) => void>()
  #last = 0
  #ended: Error | undefined

  constructor(worker: Worker, title: string, release: () => void) {
    this.#worker = worker
    this.title = title
    this.#release = release
    worker.on('message', (message: Reply | Heard) => {
      if ('channel' in message) this.#listeners.get(message.channel)?.(message.payload)
      else this.#settle(message)
    })
    worker.on('error', (error) => this.#end(error))
    worker.on('exit', () => this.#end(new Error('the embedded database has ended')))
  }

  run(text: string, values: readonly unknown[]): Promise<Answer> {
    return this.#ask([{ text, values }], false)
  }

  async transaction(steps: readonly Step[]): Promise<void> {
    await this.#ask(steps, true)
  }

  get feed(): FeedAddress {
    return {
      database: {
        query: (text, values = []) =>
          this.#ask([{ text, values }], false).then(({ rows }) => ({ rows: [...rows] })),
        exec: (script) => this.#ask([], false, { script }),
        listen: async (channel, heard) => {
          this.#listeners.set(channel, heard)
          await this.#ask([], false, { listen: channel })
          return async () => void this.#listeners.delete(channel)
        },
      },
    }
  }

  async close(): Promise<void> {
    if (this.#ended) return
    const exit = once(this.#worker, 'exit')
    this.#worker.postMessage('close')
    await exit
    this.#release()
  }

  #ask(
    steps: readonly Step[],
    atomic: boolean,
    more: Pick<Request, 'script' | 'listen'> = {},
  ): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ id, steps, atomic, ...more } satisfies Request)
    })
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('error' in reply) waiting?.reject(new Error(reply.error))
    else waiting?.resolve(reply)
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }
}

async function start(folder: string | undefined): Promise<{ worker: Worker; version: string }> {
  const worker = new Worker(new URL('embedded-worker.ts', import.meta.url), { workerData: { folder } })
  const [first] = (await once(worker, 'message')) as [{ version: string } | { error: string }]
  if ('error' in first) throw new Error(first.error)
  return { worker, version: first.version }
}

/**
 * Opens the embedded PostgreSQL in `folder`, or in memory without one. A folder that can't be opened any more is
 * made anew: it only holds what the demo can load again. Throws when another process uses the folder.
 */
export async function openEmbedded(folder: string | undefined): Promise<Connection> {
  if (folder === undefined) {
    const { worker, version } = await start(undefined)
    return new Embedded(worker, `PostgreSQL ${version} in memory (PGlite)`, () => {})
  }
  await mkdir(folder, { recursive: true })
  const release = lockFolder(folder)
  const files = join(folder, 'postgres')
  const { worker, version } = await start(files).catch(async () => {
    await rm(files, { recursive: true, force: true })
    return start(files)
  })
  return new Embedded(worker, `PostgreSQL ${version} in this process (PGlite)`, release)
}
