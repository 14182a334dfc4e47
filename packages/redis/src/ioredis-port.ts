import type { Renewal } from './credentials.ts'
import { IoRedisNode, IoRedisSubscriber, keepAlive, untilReady, verifies } from './ioredis-node.ts'
import type { Io } from './ioredis-node.ts'
import type { Node, Port, Subscriber, SubscriberHost } from './port.ts'

/** One server, or the master that Sentinels name, through ioredis or iovalkey. */
export class IoRedisPort implements Port {
  readonly clustered = false
  readonly #client: Io
  readonly #own: boolean
  readonly #node: IoRedisNode
  #lost: ((error: unknown) => void) | undefined
  #cause: unknown
  readonly #renewal: Renewal | undefined
  /** Ends when the credentials of the moment are known. */
  #renewed: Promise<void> | undefined

  constructor(client: Io, own: boolean, renewal?: Renewal) {
    this.#renewal = renewal
    this.#client = client
    this.#own = own
    this.#node = new IoRedisNode(client)
  }

  get reach(): Port['reach'] {
    const { tls, password, host, sentinels } = this.#client.options
    return {
      encrypted: tls !== undefined && tls !== null,
      verified: verifies(tls),
      authenticated: typeof password === 'string' && password !== '',
      hosts: sentinels ? sentinels.map((one) => one.host ?? 'localhost') : [host ?? 'localhost'],
    }
  }

  open(lost: (error: unknown) => void): void {
    this.#lost = lost
    this.#client.on('error', this.#noted)
    this.#client.on('close', this.#closed)
    this.#client.on('end', this.#closed)
    if (this.#own) keepAlive(this.#client, () => this.#lost !== undefined)
    if (this.#renewal !== undefined) this.#renew(this.#renewal)
    else if (this.#own) this.#client.connect().catch(() => {})
  }

  async ready(): Promise<void> {
    await this.#renewed
    await untilReady(this.#client)
  }

  node(): Node {
    return this.#node
  }

  subscriber(_node: Node, host: SubscriberHost): Subscriber {
    return new IoRedisSubscriber(this.#client, host, false)
  }

  reconnect(): void {
    if (this.#own) this.#client.disconnect(true)
  }

  close(): Promise<void> {
    this.#lost = undefined
    this.#client.off('close', this.#closed)
    this.#client.off('end', this.#closed)
    // The last listener stays on a client of ours: an error after the end must not end the process.
    if (this.#own) this.#client.disconnect()
    else this.#client.off('error', this.#noted)
    return Promise.resolve()
  }

  readonly #noted = (error: unknown) => {
    this.#cause = error
  }

  #renew(renewal: Renewal): void {
    const renewed = renewal.renew()
    this.#renewed = renewed
    // Who waits for the connection hears of it.
    renewed.catch(this.#noted)
  }

  readonly #closed = () => {
    // The next attempt comes soon; if it is too early for the answer, the one after it isn't.
    if (this.#renewal !== undefined && this.#lost !== undefined) this.#renew(this.#renewal)
    this.#lost?.(new Error('the connection to Redis was closed', { cause: this.#cause }))
  }
}
