import type { Agent } from 'undici'
import { longestAnswer } from './fetch.ts'
import type { Fetch, Fetched } from './fetch.ts'

/**
 * For edges a hop away, where the streams and copies of the global `fetch` take longer than the edge does. Follows no
 * redirects, takes no compressed answers, and keeps no more of an answer than is looked at.
 */
export function keptFetch(): Fetch {
  // Loaded by those who purge with it, and before the first removal waits for it.
  const agent = import('undici').then((undici) => new undici.Agent())
  // Told to whoever calls.
  agent.catch(() => {})
  return async (url, init) => {
    const own = await agent
    return new Promise((resolve, reject) => {
      const { signal } = init
      // Also while there is no connection yet.
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      dispatch(own, url, init, resolve, reject)
    })
  }
}

function dispatch(
  agent: Agent,
  url: string,
  { method = 'GET', headers, body, signal }: RequestInit,
  resolve: (fetched: Fetched) => void,
  reject: (error: unknown) => void,
): void {
  const { origin, pathname, search } = new URL(url)
  const parts: Buffer[] = []
  let [status, held] = [0, 0]
  let answered: Readonly<Record<string, string | string[] | undefined>> = {}
  const get = (name: string) => {
    const value = answered[name.toLowerCase()]
    return value === undefined ? null : [value].flat().join(', ')
  }
  agent.dispatch(
    {
      origin,
      path: `${pathname}${search}`,
      method,
      headers: headers as Record<string, string>,
      body: (body as string | undefined) ?? null,
    },
    {
      onRequestStart(controller) {
        const abort = () => controller.abort(signal?.reason as Error)
        if (signal?.aborted) abort()
        else signal?.addEventListener('abort', abort, { once: true })
      },
      onResponseStart(_, code, fields) {
        status = code
        answered = fields
      },
      onResponseData(_, part) {
        if (held < longestAnswer) parts.push(part)
        held += part.length
      },
      onResponseEnd() {
        const text = Buffer.concat(parts).toString()
        resolve({ status, headers: { get }, text: () => Promise.resolve(text) })
      },
      onResponseError: (_, error) => reject(error),
    },
  )
}
