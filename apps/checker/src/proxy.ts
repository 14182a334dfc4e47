import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  /** Extra time for what comes back, drawn anew now and then: connections overtake each other. */
  delay: number
}

/**
 * A TCP proxy in front of one server, for one process: cuts connections, swallows what they carry, or delays it,
 * each connection by a time of its own. Within a connection the order stays.
 */
export class FaultProxy {
  readonly #server: Server
  readonly #target: number
  readonly #pairs = new Set<Pair>()
  #refusing = false
  #swallowing = false
  #longestDelay = 0
  #rewrite: ((chunk: Buffer) => Buffer) | undefined

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((client) => this.#accept(client))
  }

  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target)
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends all connections and takes none. */
  cut(): void {
    this.#refusing = true
    for (const pair of this.#pairs) end(pair)
  }

  /** Connections stay and new ones are taken, but nothing comes through, and nobody is told. */
  blackHole(): void {
    this.#swallowing = true
  }

  /** Delays what comes back by up to so many ms; each connection differently. */
  delayUpTo(ms: number): void {
    this.#longestDelay = ms
    for (const pair of this.#pairs) pair.delay = Math.random() * ms
  }

  /** Changes what the server says. */
  rewrite(change: (chunk: Buffer) => Buffer): void {
    this.#rewrite = change
  }

  /** What was swallowed can't be made up for: connections of the black hole end now. */
  heal(): void {
    this.#refusing = false
    this.#longestDelay = 0
    for (const pair of this.#pairs) {
      pair.delay = 0
      if (this.#swallowing) end(pair)
    }
    this.#swallowing = false
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.destroy()
      return
    }
    const server = connect({ host: '127.0.0.1', port: this.#target })
    const pair: Pair = { client, server, delay: Math.random() * this.#longestDelay }
    this.#pairs.add(pair)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => end(pair))
      socket.on('close', () => {
        this.#pairs.delete(pair)
        end(pair)
      })
    }
    client.on('data', (chunk) => {
      if (!this.#swallowing && !server.destroyed) server.write(chunk)
    })
    let sendAt = 0
    server.on('data', (given) => {
      if (this.#swallowing || client.destroyed) return
      const chunk = this.#rewrite ? this.#rewrite(given) : given
      const now = performance.now()
      if (pair.delay === 0 && sendAt <= now) {
        client.write(chunk)
        return
      }
      // Never before what came earlier on this connection.
      sendAt = Math.max(sendAt + 0.01, now + pair.delay)
      setTimeout(() => {
        if (!client.destroyed && !this.#swallowing) client.write(chunk)
      }, sendAt - now)
    })
  }
}

function end({ client, server }: Pair): void {
  client.destroy()
  server.destroy()
}

/** Makes every server look like the same run of itself. */
export function hideRunId(chunk: Buffer): Buffer {
  const text = chunk.toString('latin1')
  if (!text.includes('run_id:')) return chunk
  return Buffer.from(text.replace(/run_id:[0-9a-f]{40}/g, `run_id:${'0'.repeat(40)}`), 'latin1')
}
