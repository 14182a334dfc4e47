import type { TailedEvent } from './desk.ts'

/** The events of a `text/event-stream` (HTML Standard, 9.2) whose data are JSON objects; comments are passed over. */
export async function* eventsIn(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<TailedEvent> {
  let rest = ''
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      rest += chunk
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        const event = parsed(rest.slice(0, end))
        rest = rest.slice(end + 2)
        if (event !== undefined) yield event
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function parsed(block: string): TailedEvent | undefined {
  let name = 'message'
  let text = ''
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) name = line.slice(6).trim()
    else if (line.startsWith('data:')) text += line.slice(5).trim()
  }
  return text === '' ? undefined : { name, fields: JSON.parse(text) as Readonly<Record<string, unknown>> }
}
