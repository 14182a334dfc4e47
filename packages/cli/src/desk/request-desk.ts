import { UsageError } from '../usage-error.ts'
import type { Desk, TailedEvent } from './desk.ts'
import { eventsIn } from './event-stream.ts'

/** A desk behind whatever answers requests: a running app over HTTP, or an endpoint in this process. */
export function requestDesk(o: {
  readonly title: string
  readonly base: URL
  readonly token: string
  readonly fetch: (request: Request) => Promise<Response>
  readonly close?: () => Promise<void>
}): Desk {
  async function ask(route: string, query: Query, init: RequestInit): Promise<Response> {
    const url = new URL(route, o.base)
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value)
    const headers = { authorization: `Bearer ${o.token}`, 'content-type': 'application/json' }
    let response: Response
    try {
      response = await o.fetch(new Request(url, { ...init, headers }))
    } catch (error) {
      throw new UsageError(`Expected the app to answer at ${o.base.href}, it did not: ${reasonOf(error)}`)
    }
    if (response.ok) return response
    throw new UsageError(await refusalOf(response, o.base))
  }

  return {
    title: o.title,
    get: async (route, query = {}) => await (await ask(route, query, {})).json(),
    post: async (route, body) =>
      await (await ask(route, {}, { method: 'POST', body: JSON.stringify(body) })).json(),
    tail: (events, signal) => follow(events, signal),
    [Symbol.asyncDispose]: async () => await o.close?.(),
  }

  async function* follow(
    events: readonly string[] | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<TailedEvent> {
    const { body } = await ask('tail', { events: events?.join(',') }, { signal })
    if (body !== null) yield* eventsIn(body, signal)
  }
}

type Query = Readonly<Record<string, string | undefined>>

async function refusalOf(response: Response, base: URL): Promise<string> {
  const answer = (await response.json().catch(() => undefined)) as
    | { error?: { message?: string } }
    | undefined
  if (response.status === 401) {
    return `Expected the token of the endpoint at ${base.href}; give it with --token or TIERSTACK_ADMIN_TOKEN`
  }
  const message = answer?.error?.message
  if (message !== undefined && response.status !== 404) return message
  if (message !== undefined && message !== 'There is nothing here') return message
  return `Expected the admin endpoint of a cache at ${base.href}, got status ${response.status}; look at its prefix, and whether it was given a token`
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string; message?: string } }
  return cause?.code ?? cause?.message ?? message ?? String(error)
}
