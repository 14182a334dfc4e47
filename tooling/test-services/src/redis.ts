import { freePort } from './free-port.ts'
import type { Certificates } from './certificates.ts'
import type { Machine, Program } from './machine.ts'
import { placeForRedis, type Place } from './place.ts'
import { respCommand } from './resp.ts'
import { until } from './until.ts'

export interface RedisOptions {
  /** Further arguments, as on the command line: `['--maxmemory', '10mb']`. */
  args?: readonly string[]
  /** Listens with TLS only, with this certificate. Clients need `ca`. */
  tls?: Certificates
  /** ACL rules of further users, as in `users.acl`: `['user app on >secret ~* &* +@all']`. */
  users?: readonly string[]
}

/** A server of one's own: nobody else's keys, and it may be paused, killed and restarted. */
export interface RedisServer extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  /** `redis://127.0.0.1:port`, or `rediss://` with TLS. No user or password in it. */
  readonly url: string
  /** One command on a connection of its own; resolves to the first line of the answer. Not for servers that ask for a password. */
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
  { args = [], tls, users }: RedisOptions,
  stopped: () => Promise<void> = async () => {},
): Promise<RedisServer> {
  const words = [
    tls === undefined ? ['--port', String(port)] : await tlsWords(machine, port, tls),
    ['--bind', machine.listenOn, '--protected-mode', 'no'],
    ['--save', '', '--appendonly', 'no', '--dir', machine.folder],
    ['--dbfilename', `${port}.rdb`, '--repl-diskless-sync-delay', '0'],
    users === undefined ? [] : ['--aclfile', await machine.write(`${port}.acl`, `${users.join('\n')}\n`)],
    args,
  ].flat()
  const address = { port, tls: tls !== undefined }
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
    url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
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

async function isReady(address: { port: number; tls: boolean }): Promise<boolean> {
  const answer = await respCommand(address, 'PING')
  return answer === '+PONG' || /^-(NOAUTH|NOPERM)/.test(answer)
}

async function tlsWords(machine: Machine, port: number, { ca, cert, key }: Certificates): Promise<string[]> {
  return [
    ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
    ['--tls-ca-cert-file', await machine.write(`${port}-ca.crt`, ca)],
    ['--tls-cert-file', await machine.write(`${port}.crt`, cert)],
    ['--tls-key-file', await machine.write(`${port}.key`, key)],
  ].flat()
}
