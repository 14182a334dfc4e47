import { createHash } from 'node:crypto'
import { systemClock } from '@tierstack/cache-core'
import { portFor } from './connect.ts'
import type { ResolvedQueueOptions } from './queue-options.ts'
import { queueScripts } from './queue-scripts.ts'
import type { QueueScript } from './queue-scripts.ts'
import { textOf } from './port.ts'
import type { Node, Port, Reply, Word } from './port.ts'
import { slotOf } from './slot.ts'
import { closed, unavailable } from './unavailable.ts'

const shas = Object.fromEntries(
  Object.entries(queueScripts).map(([name, text]) => [name, createHash('sha1').update(text).digest('hex')]),
) as Readonly<Record<QueueScript, string>>

/** How long a server may take to answer before the connection counts as dead, ms: as long as the cache waits for a queue. */
const patience = 5_000

/** The way to the server of each topic. Nothing is sent twice: an answer that is lost is an error. */
export class QueueRoute {
  readonly #port: Port
  readonly #options: ResolvedQueueOptions
  readonly #slots = new Map<number, string>()
  #root = ''
  #ready: Promise<void> | undefined
  #unfit: string | undefined
  #closed = false

  constructor(options: ResolvedQueueOptions) {
    this.#options = options
    this.#port = portFor(options.connection)
  }

  open(namespace: string): void {
    this.#root = `${this.#options.connection.prefix}:{${namespace}:q:`
    this.#port.open(() => {
      this.#ready = undefined
    })
  }

  /** Why the server isn't fit to keep writes, as it was when greeted; undefined when it is. */
  get unfit(): string | undefined {
    return this.#unfit
  }

  /** Name of one of a topic's keys. All of one topic are in one slot of a Cluster. */
  key(topic: string, part: string): string {
    return `${this.#root}${encodeURIComponent(topic)}}:${part}`
  }

  /** Resolves once the topic's server was asked what it does with writes. */
  async greeted(topic: string): Promise<void> {
    await this.#nodeOf(topic)
  }

  /** The next request greets the servers anew. */
  forget(): void {
    this.#ready = undefined
  }

  /** Sends commands, in order; rejects with the first error that the server replied. */
  async send(topic: string, commands: readonly (readonly Word[])[]): Promise<readonly Reply[]> {
    const node = await this.#nodeOf(topic)
    const replies = await this.#sent(node, commands)
    for (const reply of replies) if (reply instanceof Error) throw this.#judged(reply)
    return replies
  }

  /**
   * Sends commands that read, to a server that would take writes. One that was made a replica may lag behind what another
   * has acknowledged since, and says so only to who writes; one whose disk fails is the master all the same.
   */
  async ask(topic: string, commands: readonly (readonly Word[])[]): Promise<readonly Reply[]> {
    const node = await this.#nodeOf(topic)
    const probe = ['DEL', this.key(topic, 'none')]
    const [writable, ...replies] = await this.#sent(node, [probe, ...commands])
    if (writable instanceof Error && !writable.message.startsWith('MISCONF')) throw this.#judged(writable)
    for (const reply of replies) if (reply instanceof Error) throw this.#judged(reply)
    return replies
  }

  async run(
    topic: string,
    script: QueueScript,
    parts: readonly string[],
    args: readonly Word[],
    after: readonly (readonly Word[])[] = [],
  ): Promise<readonly Reply[]> {
    const node = await this.#nodeOf(topic)
    const words = [parts.length, ...parts.map((part) => this.key(topic, part)), ...args]
    const replies = await this.#sent(node, [['EVALSHA', shas[script], ...words], ...after])
    const [first] = replies
    // A server that doesn't know the script has done nothing with it.
    if (first instanceof Error && first.message.startsWith('NOSCRIPT'))
      return await this.send(topic, [['EVAL', queueScripts[script], ...words], ...after])
    for (const reply of replies) if (reply instanceof Error) throw this.#judged(reply)
    return replies
  }

  close(): Promise<void> {
    this.#closed = true
    return this.#port.close()
  }

  /** A connection that a router forgot carries nothing, and nobody says so: it would be waited on for a quarter of an hour. */
  async #sent(node: Node, commands: readonly (readonly Word[])[]): Promise<readonly Reply[]> {
    const { wait } = this.#options.connection
    const cancel = systemClock.after(patience + (wait?.timeout ?? 0), () => this.#port.reconnect())
    try {
      return await node.send(commands)
    } finally {
      cancel()
    }
  }

  #judged(error: Error): Error {
    if (/^(MOVED|CLUSTERDOWN|READONLY|LOADING|MASTERDOWN)\b/.test(error.message)) this.#ready = undefined
    // The address may lead to the new master: a connection that is there would stay with the old one.
    if (error.message.startsWith('READONLY')) this.#port.reconnect()
    return error
  }

  async #nodeOf(topic: string): Promise<Node> {
    if (this.#closed) throw closed()
    const key = this.key(topic, 'stream')
    const slot = slotOf(key.slice(key.indexOf('{') + 1, key.indexOf('}')))
    if (!this.#slots.has(slot)) {
      this.#slots.set(slot, key)
      if (this.#port.clustered) this.#ready = undefined
    }
    this.#ready ??= this.#greet()
    try {
      await this.#ready
    } catch (error) {
      this.#ready = undefined
      throw error
    }
    return this.#at(slot)
  }

  #at(slot: number): Node {
    const node = this.#port.node(slot)
    if (node === undefined) throw unavailable('knows no server for the write queue')
    return node
  }

  async #greet(): Promise<void> {
    await this.#port.ready(this.#slots)
    if (this.#options.durability === 'unchecked') return
    let unfit: string | undefined
    for (const slot of this.#slots.keys()) {
      const [reply] = await this.#sent(this.#at(slot), [['INFO']])
      unfit ??= unfitness(textOf(reply) ?? '', this.#options.connection.wait !== undefined)
    }
    this.#unfit = unfit
  }
}

function unfitness(info: string, replicated: boolean): string | undefined {
  if (!replicated && /^aof_enabled:0/m.test(info)) {
    return "keeps writes in memory only: set `appendonly yes`, give `wait` with replicas, or `durability: 'unchecked'`"
  }
  if (/^maxmemory:[1-9]/m.test(info) && /^maxmemory_policy:allkeys/m.test(info)) {
    return "may evict the queue: set `maxmemory-policy` to `noeviction` or `volatile-…`, or `durability: 'unchecked'`"
  }
  return undefined
}
