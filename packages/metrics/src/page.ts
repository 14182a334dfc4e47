import type { IncomingMessage, ServerResponse } from 'node:http'
import { adminRoutes } from './admin-routes.ts'
import type { Administered } from './administered.ts'
import { endpoint, ownerOf } from './endpoint.ts'
import type { Admin } from './endpoint.ts'
import { act } from './live/actions.ts'
import { asset } from './live/assets.ts'
import { resolveLivePageOptions } from './live/options.ts'
import type { LivePageOptions } from './live/options.ts'
import { Pulse } from './live/pulse.ts'
import { Timeline } from './live/timeline.ts'
import { answerNode } from './node-answer.ts'
import { rememberRemovals } from './removal-memory.ts'

export type { Action, ActionField } from './live/actions.ts'
export type { Fact, LivePageOptions, NoteRead } from './live/options.ts'

/** The live page, to be routed to by whatever server there is. */
export interface LivePage extends Admin {
  /** Writes into the timeline something that the cache can't know of. */
  readonly note: (text: string, mood?: 'bad' | 'good' | 'plain') => void
  /** Ends the streams of those who watch. To be called before the server is closed, which would wait for them. */
  readonly stop: () => void
}

const notFound = { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' } }

/**
 * Makes a page on which one sees the cache work: what flows through the tiers, the definitions with the advisor's notes,
 * removals and faults as they happen, and why an entry is fresh.
 *
 * Its files are for everybody and say nothing; what they show comes from an admin endpoint below `api/`, for those who
 * have the token. Without a token the page is off: 404 to everything. While nobody watches it costs nothing but a map
 * entry for each removal.
 * @example
 * const live = livePage(cache, { token: process.env.CACHE_ADMIN_TOKEN, prefix: '/-/live' })
 * createServer((request, response) => live.answer(request, response)).listen(9465, '127.0.0.1')
 */
export function livePage(cache: Administered, options: LivePageOptions): LivePage {
  const resolved = resolveLivePageOptions(options)
  const { prefix, token, hideKeys } = resolved.admin
  const timeline = new Timeline(cache, { tags: !hideKeys })
  const pulse = new Pulse(cache, resolved, timeline)
  const bare = prefix.slice(0, -1)
  const owns = ownerOf(prefix)
  const removals = rememberRemovals(cache)
  const api = endpoint(
    { cache, options: { ...resolved.admin, prefix: `${prefix}api/` }, removals },
    {
      ...adminRoutes,
      'GET flow': ({ query }) => pulse.watch(query),
      'GET definitions': ({ query }) => pulse.definitions(query),
      'POST act': ({ request }) => act(resolved.actions, request),
    },
  )

  async function fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (token === undefined || !owns(pathname)) return new Response('There is nothing here\n', notFound)
    if (api.owns(pathname)) return await api.fetch(request)
    // Relative addresses in the page need the slash.
    if (pathname === bare)
      return new Response(null, { status: 308, headers: { location: `${lastPart(bare)}/` } })
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response('Expected GET\n', { ...notFound, status: 405 })
    }
    return (
      (await asset(pathname.slice(prefix.length) || 'page.html')) ??
      new Response('There is nothing here\n', notFound)
    )
  }

  return {
    fetch,
    owns,
    answer: (request: IncomingMessage, response: ServerResponse) => answerNode(fetch, request, response),
    note: (text, mood = 'plain') => timeline.note({ kind: 'action', mood, text }, text),
    stop() {
      pulse.stop()
      timeline.stop()
      removals.forget()
    },
  }
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
