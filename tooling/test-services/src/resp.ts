import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface RespAddress {
  port: number
  tls?: boolean
  /** Who asks; nobody in particular when left out. */
  user?: { readonly username: string; readonly password: string } | undefined
}

/**
 * Sends one command on a connection of its own and resolves to the first line of the answer.
 * Enough to set servers up without asking for a client library; not a client.
 */
export function respCommand(
  { port, tls = false, user }: RespAddress,
  ...words: readonly string[]
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = tls
      ? connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
      : connectPlain({ host: '127.0.0.1', port })
    const finish = (error: Error | undefined, line = '') => {
      socket.destroy()
      if (error === undefined) resolve(line)
      else reject(error)
    }
    socket.setTimeout(2000, () => finish(new Error(`${words.join(' ')}: no answer in 2 s`)))
    socket.once('error', (error) => finish(error))
    socket.once('close', () => finish(new Error(`${words.join(' ')}: the connection was closed`)))
    if (user !== undefined) socket.write(requestOf(['AUTH', user.username, user.password]))
    socket.write(requestOf(words))
    let answer = ''
    let greeted = user === undefined
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (!greeted && answer.startsWith('+OK\r\n')) {
        greeted = true
        answer = answer.slice(5)
      }
      const whole = wholeReply(answer)
      if (whole !== undefined) finish(undefined, whole)
    })
  })
}

function requestOf(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${parts.join('')}`
}

/** A simple reply's line, or a bulk string's content; undefined while it is incomplete. */
function wholeReply(answer: string): string | undefined {
  const end = answer.indexOf('\r\n')
  if (end < 0) return undefined
  if (!answer.startsWith('$')) return answer.slice(0, end)
  const length = Number(answer.slice(1, end))
  return answer.length < end + 2 + length + 2 ? undefined : answer.slice(end + 2, end + 2 + length)
}
