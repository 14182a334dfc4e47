import { createHash } from 'node:crypto'
import { CacheError } from '@tierstack/cache-core'
import type { RemoteHost } from '@tierstack/cache-core'
import { findings } from './findings.ts'
import { Layout } from './layout.ts'
import type { ResolvedOptions } from './options.ts'
import { textOf } from './port.ts'
import type { Node, Port, Reply, Word } from './port.ts'
import { parseInfo } from './server-info.ts'
import type { ServerInfo } from './server-info.ts'
import { isGuarded, otherEpoch, scriptNames, scriptText } from './scripts.ts'
import type { ScriptName } from './scripts.ts'
import { token } from './token.ts'

/** A command for the node that holds a bucket. */
export interface Call {
  readonly bucket: number
  readonly words: readonly Word[]
  /** Counts only if the epoch is still the one that the keys are of. */
  readonly guarded?: boolean
}

/** A script for the node that holds a bucket. All keys are of that bucket. */
export interface ScriptCall {
  readonly bucket: number
  readonly script: ScriptName
  readonly keys: readonly string[]
  readonly args: readonly Word[]
}

export type AnyCall = Call | ScriptCall

/** Who must know when the connection comes and goes. */
export interface ConnectionWatcher {
  greeted(): void
  lost(): void
  /** Another process cleared the namespace. */
  rotated?(): void
}

/** A server as it was greeted: its scripts are known only to this run of it. */
interface Greeted {
  readonly info: ServerInfo
  readonly shas: ReadonlyMap<ScriptName, string>
}

/** A greeting that takes longer goes through a connection that may be dead without knowing it. */
const patience = 2_000
/** While a `clear` goes through the buckets of a Cluster, some may still have the epoch before. */
const mostEpochs = 10
/** The server, or what it knows of the Cluster, is another than the one we greeted. */
const otherServer = /^(NOSCRIPT|MOVED|CLUSTERDOWN|LOADING|MASTERDOWN)\b/
const cannotWrite = /^(OOM|READONLY|MISCONF|NOREPLICAS)\b/

/** Is it only writing that the server refuses? */
export function refusesWrites(reply: unknown): boolean {
  return reply instanceof Error && cannotWrite.test(reply.message)
}

/**
 * The way to the servers: commands go to the node that has the bucket, and count only if between the asking and
 * the answer nothing happened to the connection, nor to the run of the server that was greeted.
 *
 * A restarted server is noticed in-band: every script's text holds the run id, so that a server which doesn't know
 * our scripts, and only such a one, is another run than the one that was greeted.
 */
export class Connection {
  readonly port: Port
  readonly host: RemoteHost
  readonly layout: Layout
  /** This process' name on the bus. */
  readonly origin: string = token()
  readonly #wait: ResolvedOptions['wait']
  readonly #watchers = new Set<ConnectionWatcher>()
  readonly #warned = new Set<string>()
  #generation = 0
  #usable = false
  #closed = false
  #epoch = ''
  #left: readonly string[] = []
  #oldest = 0
  #readOnly = false
  #servers = new Map<Node, Greeted>()
  #greeting: { since: number; readonly history: Promise<string> } | undefined

  constructor(port: Port, host: RemoteHost, options: ResolvedOptions) {
    this.port = port
    this.host = host
    this.layout = new Layout(options.prefix, host.namespace, port.clustered ? options.buckets : undefined)
    this.#wait = options.wait
    port.open((error) => this.lose(error))
  }

  get usable(): boolean {
    return this.#usable
  }

  get epoch(): string {
    return this.#epoch
  }

  /** Major version of the oldest server. */
  get version(): number {
    return this.#oldest
  }

  watch(watcher: ConnectionWatcher): void {
    this.#watchers.add(watcher)
    if (this.#usable) watcher.greeted()
  }

  unwatch(watcher: ConnectionWatcher): void {
    this.#watchers.delete(watcher)
  }

  /** Goes over to an epoch that another process made. An empty one means that there is none any more. */
  adopt(epoch: string): void {
    if (!this.#usable || epoch === this.#epoch || this.#left.includes(epoch)) return
    if (epoch.length !== 16) {
      this.lose(new Error('the epoch in Redis is gone'))
      return
    }
    this.leave(epoch)
    for (const watcher of this.#watchers) watcher.rotated?.()
  }

  /** Goes over to an epoch that this process made. */
  leave(epoch: string): void {
    // A reply may still tell of the old one: no epoch ever comes back.
    if (this.#epoch !== '') this.#left = [this.#epoch, ...this.#left.slice(0, 7)]
    this.#epoch = epoch
  }

  /** From here on nothing counts that was asked before. */
  lose(error: unknown): void {
    if (this.#closed) return
    const known = this.#usable || this.#greeting !== undefined
    this.#generation++
    this.#usable = false
    if (!known) return
    for (const watcher of this.#watchers) watcher.lost()
    this.host.lost(error)
  }

  /** The node of each bucket, as greeted. */
  nodeOf(bucket: number): Node | undefined {
    return this.port.node(this.layout.slotOf(bucket))
  }

  /** Greets the servers; one greeting at a time. */
  hello(): Promise<string> {
    const { clock } = this.host
    if (this.#closed) return Promise.reject(closed())
    const under = this.#greeting
    if (under !== undefined) {
      if (clock.now() - under.since > patience) {
        under.since = clock.now()
        this.port.reconnect()
      }
      return under.history
    }
    const history = this.#greet().finally(() => {
      this.#greeting = undefined
    })
    this.#greeting = { since: clock.now(), history }
    return history
  }

  /**
   * Asks for an answer to every call, in one round trip per node; rejects when one is an error. `make` is called
   * again when the namespace was cleared meanwhile, as names contain the epoch.
   */
  async ask(make: () => readonly AnyCall[]): Promise<readonly Reply[]> {
    const replies = await this.attempt(make)
    for (const reply of replies) if (reply instanceof Error) throw reply
    return replies
  }

  /** As `ask`, for removals: waits for the replicas, if that was asked for. */
  async remove(make: () => readonly AnyCall[]): Promise<readonly Reply[]> {
    const wait = this.#wait
    if (wait === undefined) return this.ask(make)
    let removals = 0
    const replies = await this.ask(() => {
      const calls = make()
      removals = calls.length
      const last = new Map<Node | undefined, number>(calls.map(({ bucket }) => [this.nodeOf(bucket), bucket]))
      return [
        ...calls,
        ...[...last.values()].map((bucket) => ({ bucket, words: ['WAIT', wait.replicas, wait.timeout] })),
      ]
    })
    for (const reached of replies.slice(removals)) {
      if (Number(textOf(reached)) >= wait.replicas) continue
      throw new CacheError(
        'TIER_UNAVAILABLE',
        `Expected ${wait.replicas} replicas to have the removal within ${wait.timeout} ms, ${textOf(reached)} had it`,
      )
    }
    return replies.slice(0, removals)
  }

  /** As `ask`, with the errors that the servers replied in their places. */
  async attempt(make: () => readonly AnyCall[]): Promise<readonly Reply[]> {
    for (let round = 0; round < mostEpochs; round++) {
      if (!this.#usable) throw this.#closed ? closed() : unavailable('was not greeted')
      const generation = this.#generation
      const replies = await this.#send(make())
      if (generation !== this.#generation) throw unavailable('lost its connection')
      let other: string | undefined
      for (const reply of replies) {
        if (!(reply instanceof Error)) continue
        this.#judge(reply)
        other ??= otherEpoch(reply)
      }
      if (other === undefined) return replies
      this.adopt(other)
    }
    const error = unavailable('meets different epochs in its buckets')
    this.lose(error)
    throw error
  }

  close(): Promise<void> {
    this.#closed = true
    this.#usable = false
    this.#generation++
    this.#watchers.clear()
    return this.port.close()
  }

  async #send(calls: readonly AnyCall[]): Promise<readonly Reply[]> {
    const parts = new Map<Node, number[]>()
    for (const [i, { bucket }] of calls.entries()) {
      const node = this.nodeOf(bucket)
      if (node === undefined) throw unavailable('has no node for a part of its keys')
      const part = parts.get(node)
      if (part) part.push(i)
      else parts.set(node, [i])
    }
    const replies = Array.from<Reply>({ length: calls.length })
    const sent = [...parts].map(async ([node, places]) => {
      const answers = await this.#sendTo(
        node,
        places.map((place) => calls[place] as AnyCall),
      )
      for (const [at, place] of places.entries()) replies[place] = answers[at] as Reply
    })
    await Promise.all(sent)
    return replies
  }

  async #sendTo(node: Node, calls: readonly AnyCall[]): Promise<readonly Reply[]> {
    const epoch = this.#epoch
    // Ahead of the commands: who asks after a `clear` was acknowledged sees the new epoch, and drops the rest.
    const guards = [
      ...new Set(calls.flatMap((call) => ('guarded' in call && call.guarded ? [call.bucket] : []))),
    ]
    const replies = await node.send([
      ...guards.map((bucket) => ['GET', this.layout.epoch(bucket)]),
      ...calls.map((call) => this.#wordsOf(call, node, epoch)),
    ])
    if (guards.length === 0) return replies
    const met = new Map(guards.map((bucket, i) => [bucket, replies[i] as Reply]))
    return replies.slice(guards.length).map((reply, i) => {
      const call = calls[i] as AnyCall
      if (!('guarded' in call) || !call.guarded) return reply
      const there = met.get(call.bucket) as Reply
      if (there instanceof Error) return there
      const text = textOf(there) ?? ''
      return text === epoch ? reply : new Error(`TSEPOCH ${text}`)
    })
  }

  #wordsOf(call: AnyCall, node: Node, epoch: string): readonly Word[] {
    if ('words' in call) return call.words
    const sha = this.#servers.get(node)?.shas.get(call.script)
    // A node that was never greeted: the Cluster changed, and what it has may be of another history.
    if (sha === undefined) {
      const error = unavailable('meets a node that was not greeted')
      this.lose(error)
      throw error
    }
    if (!isGuarded(call.script)) return ['EVALSHA', sha, call.keys.length, ...call.keys, ...call.args]
    const { bucket, keys, args } = call
    return ['EVALSHA', sha, keys.length + 1, this.layout.epoch(bucket), ...keys, epoch, ...args]
  }

  #judge(reply: Error): void {
    const demoted = !this.#readOnly && reply.message.startsWith('READONLY')
    if (!demoted && !otherServer.test(reply.message)) return
    this.lose(reply)
    throw reply
  }

  async #greet(): Promise<string> {
    await this.port.ready(this.layout.slots)
    const generation = this.#generation
    const nodes = new Set<Node>()
    for (let bucket = 0; bucket < this.layout.buckets; bucket++) {
      const node = this.nodeOf(bucket)
      if (node === undefined) throw unavailable('has no node for a part of its keys')
      nodes.add(node)
    }
    const servers = new Map<Node, Greeted>()
    await Promise.all([...nodes].map(async (node) => servers.set(node, await this.#greetNode(node))))
    const runs = [...servers.values()].map(({ info }) => info.runId)
    const run = runs.toSorted().join(',')
    const epoch = await this.#epochFor(run)
    if (this.#closed) throw closed()
    if (generation !== this.#generation) throw unavailable('lost its connection')
    this.#servers = servers
    if (epoch !== this.#epoch) this.leave(epoch)
    this.#oldest = Math.min(...[...servers.values()].map(({ info }) => info.major))
    this.#readOnly = [...servers.values()].some(({ info }) => info.role !== 'master')
    this.#usable = true
    this.#warn([...servers.values()].map(({ info }) => info))
    for (const watcher of this.#watchers) watcher.greeted()
    return `${run}/${epoch}`
  }

  async #greetNode(node: Node): Promise<Greeted> {
    const sections = await node.send(['server', 'replication', 'memory'].map((s) => ['INFO', s]))
    for (const section of sections) if (section instanceof Error) throw section
    const info = parseInfo(sections.map((section) => textOf(section) ?? '').join('\n'))
    if (this.port.clustered && info.major < 7) {
      throw new CacheError(
        'TIER_UNAVAILABLE',
        `Expected a Cluster of Redis 7 or later, which has sharded channels, ${node.address} is ${info.version}`,
      )
    }
    const texts = scriptNames.map((name) => scriptText(name, info.runId, this.port.clustered))
    for (const reply of await node.send(texts.map((text) => ['SCRIPT', 'LOAD', text]))) {
      if (reply instanceof Error) throw reply
    }
    const shas = new Map(
      scriptNames.map((name, i) => [
        name,
        createHash('sha1')
          .update(texts[i] as string)
          .digest('hex'),
      ]),
    )
    return { info, shas }
  }

  /**
   * The epoch that belongs to these runs of the servers: a new one if the epoch kept there is of other runs.
   *
   * The other buckets are read before bucket 0, in which every epoch begins: so none of them can be ahead of it.
   */
  async #epochFor(run: string): Promise<string> {
    const { layout } = this
    const rest = Array.from({ length: layout.buckets - 1 }, (_, i) => i + 1)
    const kept = await Promise.all(
      rest.map(async (bucket) => textOf(await this.#plain(bucket, ['GET', layout.epoch(bucket)]))),
    )
    const keys = [layout.run, layout.epoch(0), layout.tagClock, layout.sequence(0)]
    const text = scriptText('hello', run, this.port.clustered)
    let epoch: string
    try {
      epoch = textOf(await this.#plain(0, ['EVAL', text, keys.length, ...keys, run, token()])) ?? ''
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('READONLY')) throw error
      // A replica: what it has can be read, as long as a master has set it up.
      epoch = textOf(await this.#plain(0, ['GET', layout.epoch(0)])) ?? ''
      if (epoch.length !== 16) throw error
    }
    const align = scriptText('align', run, this.port.clustered)
    await Promise.all(
      rest.map(async (bucket, i) => {
        if (kept[i] === epoch) return
        const words = ['EVAL', align, 2, layout.epoch(bucket), layout.sequence(bucket), kept[i] ?? '', epoch]
        if (textOf(await this.#plain(bucket, words)) !== epoch)
          throw unavailable('was cleared while it was greeted')
      }),
    )
    return epoch
  }

  async #plain(bucket: number, words: readonly Word[]): Promise<Reply> {
    const node = this.nodeOf(bucket)
    if (node === undefined) throw unavailable('has no node for a part of its keys')
    const [reply] = await node.send([words])
    if (reply instanceof Error) throw reply
    return reply ?? null
  }

  #warn(servers: readonly ServerInfo[]): void {
    for (const finding of findings(servers, this.port.reach)) {
      if (this.#warned.has(finding.check)) continue
      this.#warned.add(finding.check)
      this.host.warn(finding)
    }
  }
}

function unavailable(what: string): CacheError {
  return new CacheError('TIER_UNAVAILABLE', `The Redis tier ${what}`)
}

function closed(): CacheError {
  return new CacheError('CLOSED', 'The Redis tier is closed')
}
