import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** An embedded edge in a process of its own. */
export interface EdgeChild extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** Bytes of memory that the process has. */
  rss(): Promise<number>
  /** SIGKILL. */
  kill(): Promise<void>
}

export const childToken = 'purge-token-of-the-child'

export async function startEdge(o: {
  readonly origin: string
  readonly port?: number
  readonly redis?: string
}): Promise<EdgeChild> {
  const file = fileURLToPath(new URL('edge-process.ts', import.meta.url))
  const child = fork(file, [o.origin, childToken, String(o.port ?? 0), o.redis ?? ''], {
    execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'],
  })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async rss() {
      child.send('rss')
      const [{ rss }] = (await once(child, 'message')) as [{ rss: number }]
      return rss
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
