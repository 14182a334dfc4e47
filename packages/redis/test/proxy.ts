import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { securedRun } from '@tierstack/test-services'

type Role = 'data' | 'subscriber'

interface Pair {
  readonly near: Socket
  readonly far: Socket
  role: Role
  /** Stays open and carries nothing, whatever becomes of the others. */
  forgotten: boolean
}

const secured = securedRun()

/** A TCP proxy in front of one server, which ends TLS where the server speaks it: counts round trips, and stops carrying without telling anybody. */
export class Proxy implements AsyncDisposable {
  /** How often the client's side began to speak after the server had; subscribers don't count. */
  turns = 0
  readonly #server = secured
    ? createTlsServer(secured.tls, (near) => this.#accept(near))
    : createServer((near) => this.#accept(near))
  readonly #target: URL
  readonly #pairs = new Set<Pair>()
  #swallowed: ReadonlySet<Role> = new Set()

  private constructor(target: string) {
    this.#target = new URL(target)
  }

  static async to(target: string): Promise<Proxy> {
    const proxy = new Proxy(target)
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get url(): string {
    const url = new URL(this.#target)
    url.port = String((this.#server.address() as AddressInfo).port)
    return url.href
  }

  /** Connections of these roles, and new ones, stay open but carry nothing: no reset, no end. */
  blackHole(...roles: Role[]): void {
    this.#swallowed = new Set(roles)
    for (const pair of this.#pairs) this.#set(pair)
  }

  /** What was on its way arrives, late. */
  heal(): void {
    this.blackHole()
  }

  /** As when a router forgets its connections: those of today carry nothing any more, new ones do. */
  forget(...roles: Role[]): void {
    for (const pair of this.#pairs) {
      if (roles.includes(pair.role)) pair.forgotten = true
      this.#set(pair)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { near, far } of this.#pairs) {
      near.destroy()
      far.destroy()
    }
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #set({ near, far, role, forgotten }: Pair): void {
    for (const socket of [near, far]) {
      if (forgotten || this.#swallowed.has(role)) socket.pause()
      else socket.resume()
    }
  }

  #accept(near: Socket): void {
    const there = { port: Number(this.#target.port), host: this.#target.hostname }
    const far = secured ? connectTls(there) : connect(there)
    const pair: Pair = { near, far, role: 'data', forgotten: false }
    this.#pairs.add(pair)
    let asked = false
    near.on('data', (chunk) => {
      if (chunk.toString('latin1').toLowerCase().includes('subscribe\r\n')) pair.role = 'subscriber'
      if (pair.role === 'data' && !asked) this.turns++
      asked = true
      far.write(chunk)
      this.#set(pair)
    })
    far.on('data', (chunk) => {
      asked = false
      near.write(chunk)
    })
    const end = () => {
      this.#pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    this.#set(pair)
  }
}
