import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdtemp } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** The tier takes its lease in the same command that reads (`SET … NX GET`), which came with this version. */
const oldestMajor = 7
const startMs = 5_000

export interface ServerProgram {
  readonly path: string
  /** Name and version, for people. */
  readonly title: string
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Sends the server itself a signal; one that has ended gets none. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  stop(): Promise<void>
}

async function inspect(path: string): Promise<ServerProgram | undefined> {
  try {
    await access(path, constants.X_OK)
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 2_000 })
    const version = /v=(\d+)[\d.]*/.exec(stdout)
    if (!version || Number(version[1]) < oldestMajor) return undefined
    return { path, title: `${stdout.startsWith('Valkey') ? 'Valkey' : 'Redis'} ${version[0].slice(2)}` }
  } catch {
    return undefined
  }
}

/** The first Valkey or Redis of a supported version in the folders of `PATH`. */
export async function findServer(searchPath: string | undefined): Promise<ServerProgram | undefined> {
  for (const folder of (searchPath ?? '').split(delimiter).filter(Boolean)) {
    for (const name of ['valkey-server', 'redis-server']) {
      const found = await inspect(join(folder, name))
      if (found) return found
    }
  }
  return undefined
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('PING\r\n')
    const [reply] = (await once(socket, 'data')) as [Buffer]
    return reply.toString().startsWith('+PONG')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/**
 * Starts a private server without persistence on a port of the loopback, by default a free one, in a temporary folder.
 *
 * A shell stands between: it ends the server and removes the folder as soon as our end of its input closes, which
 * happens however this process ends. A process group of its own keeps the Ctrl-C of the terminal from it, so that we
 * can drain first.
 */
export async function startServer(program: ServerProgram, at?: number): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tierstack-demo-'))
  const port = at ?? (await freePort())
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '']
  const memory = ['--maxmemory', '256mb', '--maxmemory-policy', 'allkeys-lru']
  // Not waited for before the end: its id stays its own, also when it was killed. A stopped one takes no other signal.
  const script =
    'folder=$1; shift; "$0" "$@" >/dev/null & server=$!; echo $server; cat >/dev/null; ' +
    'kill -CONT $server; kill $server; wait; rm -rf "$folder"'
  const child = spawn('/bin/sh', ['-c', script, program.path, folder, ...settings, ...memory], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  })
  const ended = once(child, 'close')
  child.stdin.on('error', () => {})
  const stop = async (): Promise<void> => {
    child.stdin.end()
    await ended
  }
  try {
    await once(child, 'spawn')
    const pid = Number(((await once(child.stdout, 'data')) as [Buffer])[0].toString())
    const deadline = performance.now() + startMs
    while (!(await answers(port))) {
      if (performance.now() > deadline) throw new Error(`no answer within ${startMs} ms`)
      await sleep(20)
    }
    const signal = (name: NodeJS.Signals): void => {
      if (child.exitCode === null) process.kill(pid, name)
    }
    return { url: `redis://127.0.0.1:${port}`, port, signal, stop }
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}
