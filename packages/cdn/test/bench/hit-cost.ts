import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'

// CPU time per hit of the edge, next to a bare node:http server that sends the same bytes and to undici's cache, in
// rounds that take turns. Prints the least of the rounds, and the ratios.
const [rounds = 5, requests = 15_000, connections = 32] = process.argv.slice(2).map(Number)
const names = ['bare', 'edge', 'undici'] as const

interface Contender {
  readonly name: string
  readonly child: ChildProcess
  readonly port: number
  readonly bytes: number
  /** The least of the rounds: all of it, and what isn't the kernel's. */
  best: number
  user: number
}

async function start(name: string): Promise<Contender> {
  const child = fork(new URL('hit-server.ts', import.meta.url), [name], {
    execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'],
  })
  const [{ port, bytes }] = (await once(child, 'message')) as [{ port: number; bytes: number }]
  return { name, child, port, bytes, best: Number.POSITIVE_INFINITY, user: Number.POSITIVE_INFINITY }
}

/** Asks one after the other on each connection, until all are answered. */
async function load(port: number, bytes: number, count: number): Promise<void> {
  const ask = `GET /page?id=1 HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n`
  let left = count
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1')
      let seen = ''
      const next = (): void => {
        if (left-- > 0) socket.write(ask)
        else socket.end(resolve)
      }
      socket.on('data', (chunk: string) => {
        seen += chunk
        const end = seen.indexOf('\r\n\r\n')
        if (end < 0 || seen.length < end + 4 + bytes) return
        seen = ''
        next()
      })
      socket.on('error', reject)
      socket.on('connect', next)
    })
  await Promise.all(Array.from({ length: connections }, one))
}

async function round(contender: Contender): Promise<void> {
  const { child, port, bytes } = contender
  child.send('begin')
  await once(child, 'message')
  await load(port, bytes, requests)
  child.send('end')
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage]
  contender.best = Math.min(contender.best, (user + system) / requests)
  contender.user = Math.min(contender.user, user / requests)
}

const contenders = await Promise.all(names.map((name) => start(name)))
for (const contender of contenders) await load(contender.port, contender.bytes, 3_000)
for (let i = 0; i < rounds; i++) for (const contender of contenders) await round(contender)
for (const { name, best, user } of contenders) {
  console.log(
    `${name.padEnd(8)}${best.toFixed(1).padStart(7)} µs of CPU per hit, ${user.toFixed(1)} of them outside the kernel`,
  )
}
const [bare, edge, undici] = contenders as [Contender, Contender, Contender]
const ratio = (a: Contender, b: Contender): string =>
  `${(a.best / b.best).toFixed(2)}, outside the kernel ${(a.user / b.user).toFixed(2)}`
console.log(`edge / bare    ${ratio(edge, bare)}   (at most 1.25)`)
console.log(`undici / edge  ${ratio(undici, edge)}   (at least 2.5)`)
for (const { child } of contenders) child.disconnect()
