import { freePort } from './free-port.ts'
import type { Certificates } from './certificates.ts'
import type { Machine, Program } from './machine.ts'
import { placeForRedis, type Place } from './place.ts'
import { respCommand, type RespAddress } from './resp.ts'
import { limited, operator, securedRun, usersOf } from './secured.ts'
import { until } from './until.ts'

export interface RedisOptions {
  /** Further arguments, as on the command line: `['--maxmemory', '10mb']`. */
  args?: readonly string[]
  /** Listens with TLS only, with this certificate. Clients need `ca`. */
  tls?: Certificates
  /** ACL rules of further users, as in `users.acl`: `['user app on >secret ~* &* +@all']`. */
  users?: readonly string[]
  /**
   * ACL rules of the user in `url`, in a secured run of which neither `tls` nor `users` is given. In others, anybody may
   * do everything. @default those of the run
   */
  rights?: string
}

/** A server of one's own: nobody else's keys, and it may be paused, killed and restarted. */
export interface RedisServer extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  /** `redis://127.0.0.1:port`, or `rediss://` with TLS. User and password are in it in a secured run only. */
  readonly url: string
  /** The same for somebody who may do everything, in a secured run too. */
  readonly operatorUrl: string
  /** One command on a connection of its own; resolves to the first line of the answer. Not for servers with `users` that ask for a password. */
  command(...words: string[]): Promise<string>
  /** Freezes the server (SIGSTOP): connections stay open, nothing answers. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** SIGKILL. Port and data folder stay, for `restart`. */
  kill(): Promise<void>
  /** Ends the server if it runs, and starts it on the same port. Empty, unless `args` ask for persistence. */
  restart(): Promise<void>
  /** Ends the server and deletes its folder. */
  stop(): Promise<void>
}

/** Starts a standalone server that keeps nothing on disk and listens on 127.0.0.1 only. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const port = await freePort()
  const place = await placeForRedis([port])
  try {
    return await startRedisOn(place, port, options, () => place.machine.stop())
  } catch (error) {
    await place.machine.stop()
    throw error
  }
}

/** Starts one of several servers on a machine; `stopped` runs after its own `stop`. */
export async function startRedisOn(
  { machine, program: name }: Place,
  port: number,
  options: RedisOptions,
  stopped: () => Promise<void> = async () => {},
): Promise<RedisServer> {
  const secured = options.tls === undefined && options.users === undefined ? securedRun() : undefined
  const { args = [], tls = secured?.tls } = options
  const users = secured === undefined ? options.users : usersOf(options.rights ?? secured.rights)
  const words = [
    tls === undefined ? ['--port', String(port)] : await tlsWords(machine, port, tls),
    ['--bind', machine.listenOn, '--protected-mode', 'no'],
    ['--save', '', '--appendonly', 'no', '--dir', machine.folder],
    ['--dbfilename', `${port}.rdb`, '--repl-diskless-sync-delay', '0'],
    users === undefined ? [] : ['--aclfile', await machine.write(`${port}.acl`, `${users.join('\n')}\n`)],
    secured === undefined ? [] : peerWords,
    args,
  ].flat()
  const address = { port, tls: tls !== undefined, user: secured && operator }
  let program: Program
  const start = async () => {
    program = await machine.start(name, words)
    await until(`Redis on port ${port}`, () => isReady(address), { detail: () => program.output() })
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    // A frozen process would not see SIGTERM.
    await program.signal('SIGCONT')
    await program.signal(signal)
    await program.ended()
  }
  await start()
  const stop = async () => {
    await end('SIGKILL')
    await stopped()
  }
  return {
    host: '127.0.0.1',
    port,
    url: urlOf(address, secured && limited),
    operatorUrl: urlOf(address, secured && operator),
    command: (...command) => respCommand(address, ...command),
    pause: () => program.signal('SIGSTOP'),
    resume: () => program.signal('SIGCONT'),
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM')
      await start()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function urlOf({ port, tls }: RespAddress, user: RespAddress['user']): string {
  const who = user === undefined ? '' : `${user.username}:${user.password}@`
  return `${tls ? 'rediss' : 'redis'}://${who}127.0.0.1:${port}`
}

/** How servers talk to each other in a secured run. */
const peerWords = [
  ['--tls-replication', 'yes', '--tls-cluster', 'yes'],
  ['--masteruser', operator.username, '--masterauth', operator.password],
].flat()

async function isReady(address: RespAddress): Promise<boolean> {
  const answer = await respCommand(address, 'PING')
  return answer === '+PONG' || /^-(NOAUTH|NOPERM)/.test(answer)
}

/** Arguments of a server that listens with TLS only. */
export async function tlsWords(
  machine: Machine,
  port: number,
  { ca, cert, key }: Certificates,
): Promise<string[]> {
  return [
    ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
    ['--tls-ca-cert-file', await machine.write(`${port}-ca.crt`, ca)],
    ['--tls-cert-file', await machine.write(`${port}.crt`, cert)],
    ['--tls-key-file', await machine.write(`${port}.key`, key)],
  ].flat()
}
