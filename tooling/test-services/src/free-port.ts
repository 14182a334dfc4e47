import { createServer } from 'node:net'

// A port that was free a moment ago may be handed out again before its server listens: remember ours.
const taken = new Set<number>()

/**
 * Resolves to a TCP port of 127.0.0.1 that nobody listens on, and that this process was not given before.
 * Below 50 000, because a Redis Cluster node also listens on its port + 10 000.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 30_000)
    if (taken.has(port) || !(await isFree(port)) || !(await isFree(port + 10_000))) continue
    taken.add(port)
    return port
  }
  throw new Error('Expected a free port between 20000 and 50000, found none in 200 tries')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
