import { eventNames } from '@tierstack/cache-core'
import type { EventMap, EventName } from '@tierstack/cache-core'
import { badRequest } from './admin-error.ts'
import type { ResolvedAdminOptions } from './admin-options.ts'
import type { Administered } from './administered.ts'
import { hiddenKey } from './hidden-key.ts'

/** What a tail tells unless asked for something else: not what happens all the time. */
const usual: readonly EventName[] = eventNames.filter(
  (name) => !['hit', 'miss', 'call', 'backfill'].includes(name),
)

const beatMs = 15_000
/** Events that wait for a slow reader. What comes beyond is counted and left out. */
const mostWaiting = 1_000

/** `GET tail`: events as they happen, as server-sent events, until the caller leaves. */
export function tail(cache: Administered, query: URLSearchParams, options: ResolvedAdminOptions): Response {
  const asked = query.get('events')?.split(',') ?? usual
  for (const name of asked) {
    if (!(eventNames as readonly string[]).includes(name)) {
      throw badRequest(`Expected \`events\` to be some of ${eventNames.join(', ')}, got \`${name}\``)
    }
  }
  let stop = () => {}
  const stream = new ReadableStream<string>(
    {
      start(to) {
        let dropped = 0
        const send = (event: string, data: object) => {
          if ((to.desiredSize ?? 0) <= 0) {
            dropped++
            return
          }
          if (dropped > 0) {
            to.enqueue(`event: dropped\ndata: ${JSON.stringify({ events: dropped })}\n\n`)
            dropped = 0
          }
          to.enqueue(`event: ${event}\ndata: ${JSON.stringify({ at: Date.now(), ...data })}\n\n`)
        }
        to.enqueue(': tail\n\n')
        const stops = (asked as EventName[]).map((name) =>
          cache.on(name, (event) => send(name, told(event, options))),
        )
        const beat = setInterval(() => to.enqueue(': beat\n\n'), beatMs)
        beat.unref()
        stop = () => {
          clearInterval(beat)
          for (const one of stops) one()
        }
      },
      cancel: () => stop(),
    },
    { highWaterMark: mostWaiting },
  )
  return new Response(stream.pipeThrough(new TextEncoderStream()), {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
  })
}

/** An event as JSON: what is asked by a call is asked, and errors become their messages. */
function told(event: EventMap[EventName], { hideKeys }: ResolvedAdminOptions): object {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(event) as [string, unknown][]) {
    if (typeof value !== 'function') fields[name] = value instanceof Error ? value.message : value
  }
  if ('key' in event) fields['key'] = hideKeys ? hiddenKey(event.key()) : event.key()
  if ('changed' in event) fields['changed'] = event.changed()
  return fields
}
