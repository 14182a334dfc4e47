import { connect } from 'node:net'
import type { Socket } from 'node:net'

/**
 * One HTTP connection that is kept, and asks one request at a time, by hand: a client that makes next to no garbage,
 * so that what is timed with it isn't its own collection.
 */
export interface PlainClient {
  /** Resolves to the head and the body of the answer, as text. */
  ask(method: string, path: string, headers?: Readonly<Record<string, string>>): Promise<Answered>
  close(): void
}

export interface Answered {
  readonly head: string
  readonly body: string
}

export async function plainClient(port: number): Promise<PlainClient> {
  const socket: Socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1')
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let seen = ''
  let done: ((answered: Answered) => void) | undefined
  let failed: ((error: Error) => void) | undefined
  socket.on('data', (chunk: string) => {
    seen += chunk
    const end = seen.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = seen.slice(0, end)
    const body = bodyOf(head, seen.slice(end + 4))
    if (body === undefined) return
    seen = ''
    done?.({ head, body })
  })
  const lost = () => failed?.(new Error(`the connection to port ${port} was closed`))
  socket.on('error', lost).on('close', lost)
  return {
    ask: (method, path, headers = {}) =>
      new Promise((resolve, reject) => {
        done = resolve
        failed = reject
        const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
        socket.write(`${method} ${path} HTTP/1.1\r\nHost: site\r\n${fields.join('')}\r\n`)
      }),
    close() {
      failed = undefined
      socket.destroy()
    },
  }
}

/** The body, when all of it is there. */
function bodyOf(head: string, rest: string): string | undefined {
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    return rest.endsWith('0\r\n\r\n') ? rest.replaceAll(/[0-9a-f]+\r\n(.*)\r\n/gi, '$1').trimEnd() : undefined
  }
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  return rest.length < length ? undefined : rest.slice(0, length)
}
