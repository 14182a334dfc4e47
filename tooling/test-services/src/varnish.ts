import { existsSync } from 'node:fs'

import { freePort } from './free-port.ts'
import { answers, localMachine } from './local-machine.ts'
import type { Program } from './machine.ts'
import { NoServerError } from './place.ts'
import { aptInstall } from './programs.ts'
import { until } from './until.ts'

export interface VarnishServerOptions {
  /** The whole program; its backend should be there already. */
  vcl: string
  /** Further arguments, as on the command line: `['-p', 'default_grace=0']`. */
  args?: readonly string[]
  /** Where it listens. @default any that is free */
  port?: number
}

/** A Varnish of one's own, with an empty cache in memory and the module xkey at hand. */
export interface VarnishServer extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** SIGKILL. The port stays, for `restart`. */
  kill(): Promise<void>
  /** Starts it on the same port, with an empty cache. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const modules = [
  '/usr/lib/x86_64-linux-gnu/varnish/vmods',
  '/usr/lib/aarch64-linux-gnu/varnish/vmods',
  '/usr/lib/varnish/vmods',
]

function found(): boolean {
  const version = answers('varnishd', ['-V'])
  return version !== undefined && modules.some((folder) => existsSync(`${folder}/libvmod_xkey.so`))
}

/** Starts Varnish, installing it and varnish-modules as root on Debian and its kin. */
export async function startVarnish({
  vcl,
  args = [],
  port: wanted,
}: VarnishServerOptions): Promise<VarnishServer> {
  if (!found() && !(aptInstall('varnish') && aptInstall('varnish-modules') && found())) {
    throw new NoServerError('The tests need Varnish: install the packages varnish and varnish-modules.')
  }
  const port = wanted ?? (await freePort())
  const machine = localMachine()
  const file = await machine.write('edge.vcl', vcl)
  const words = [
    ['-F', '-j', 'none', '-n', `${machine.folder}/work`],
    ['-a', `127.0.0.1:${port}`, '-T', 'none', '-f', file],
    ['-s', 'malloc,256m', '-p', 'thread_pools=1', '-p', 'thread_pool_min=20'],
    args,
  ].flat()
  let program: Program
  const start = async () => {
    program = await machine.start('varnishd', words)
    await until(`Varnish on port ${port}`, () => listens(port), { detail: () => program.output() })
  }
  const kill = async () => {
    await program.signal('SIGKILL')
    await program.ended()
    // The worker notices that its manager is gone.
    await until(`port ${port} to be free`, async () => !(await listens(port)))
  }
  try {
    await start()
  } catch (error) {
    await machine.stop()
    throw error
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    kill,
    restart: start,
    stop: () => machine.stop(),
    [Symbol.asyncDispose]: () => machine.stop(),
  }
}

/** Whether somebody answers HTTP there, whatever the answer. */
export async function listens(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/-/ready`, {
      signal: AbortSignal.timeout(2_000),
      headers: { connection: 'close' },
    })
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}
