import type { Agent, Dispatcher } from 'undici'
import { longestAnswer } from './fetch.ts'
import type { Fetch, Fetched } from './fetch.ts'

/**
 * For edges a hop away, where the streams and copies of the global `fetch` take longer than the edge does. Follows no
 * redirects, takes no compressed answers, and keeps no more of an answer than is looked at.
 */
export function keptFetch(): Fetch {
  // Loaded by those who purge with it, and before the first removal waits for it.
  let agent: Agent | undefined
  const loading = import('undici').then((undici) => (agent = new undici.Agent()))
  // Told to whoever calls.
  loading.catch(() => {})
  const target = lastTarget()
  return (url, init) =>
    agent === undefined
      ? loading.then((loaded) => ask(loaded, target(url), init))
      : ask(agent, target(url), init)
}

interface Target {
  readonly origin: string
  readonly path: string
}

/** Takes an address apart; the one of the last call, which nearly all calls share, only once. */
function lastTarget(): (url: string) => Target {
  let [known, target]: [string | undefined, Target] = [undefined, { origin: '', path: '' }]
  return (url) => {
    if (url === known) return target
    const { origin, pathname, search } = new URL(url)
    target = { origin, path: `${pathname}${search}` }
    known = url
    return target
  }
}

function ask(
  agent: Agent,
  { origin, path }: Target,
  { method = 'GET', headers, body, signal }: RequestInit,
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const answer = new Answer(signal ?? undefined, resolve, reject)
    agent.dispatch(
      {
        origin,
        path,
        method,
        headers: headers as Record<string, string>,
        body: (body as string | undefined) ?? null,
      },
      answer,
    )
  })
}

/** What undici tells of one request. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal | undefined
  readonly #resolve: (fetched: Fetched) => void
  readonly #reject: (error: unknown) => void
  readonly #parts: Buffer[] = []
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #held = 0
  #answered: Readonly<Record<string, string | string[] | undefined>> = {}

  constructor(
    signal: AbortSignal | undefined,
    resolve: (fetched: Fetched) => void,
    reject: (error: unknown) => void,
  ) {
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
    // Also while there is no connection yet.
    signal?.addEventListener('abort', this.#abort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal?.aborted) this.#abort()
  }

  onResponseStart(_: unknown, status: number, fields: Record<string, string | string[] | undefined>): void {
    this.#status = status
    this.#answered = fields
  }

  onResponseData(_: unknown, part: Buffer): void {
    if (this.#held < longestAnswer) this.#parts.push(part)
    this.#held += part.length
  }

  onResponseEnd(): void {
    const answered = this.#answered
    const text = Buffer.concat(this.#parts).toString()
    const get = (name: string) => {
      const value = answered[name.toLowerCase()]
      return value === undefined ? null : [value].flat().join(', ')
    }
    this.#resolve({ status: this.#status, headers: { get }, text: () => Promise.resolve(text) })
  }

  onResponseError(_: unknown, error: Error): void {
    this.#reject(error)
  }

  readonly #abort = (): void => {
    const reason = this.#signal?.reason as Error
    this.#reject(reason)
    this.#controller?.abort(reason)
  }
}
