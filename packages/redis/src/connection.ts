import { CacheError } from '@tierstack/cache-core'
import type { RemoteHost } from '@tierstack/cache-core'
import type { AnyCall } from './call.ts'
import { dispatch } from './dispatch.ts'
import type { Route } from './dispatch.ts'
import { isOfOtherServer, isReadOnly, otherEpoch } from './error-reply.ts'
import { findings } from './findings.ts'
import { greet, nodeFor } from './greeting.ts'
import type { Greeted } from './greeting.ts'
import { Layout } from './layout.ts'
import type { ResolvedOptions } from './options.ts'
import { textOf } from './port.ts'
import type { Node, Port, Reply } from './port.ts'
import type { ServerInfo } from './server-info.ts'
import { token } from './token.ts'
import { closed, unavailable } from './unavailable.ts'

/** Who must know when the connection comes and goes. */
export interface ConnectionWatcher {
  greeted(): void
  lost(): void
  /** Another process cleared the namespace. */
  rotated?(): void
}

/** A greeting that takes longer goes through a connection that may be dead without knowing it. */
const patience = 1_000
/** While a `clear` goes through the buckets of a Cluster, some may still have the epoch before. */
const mostEpochs = 10
/**
 * The way to the servers: commands go to the node that has the bucket, and count only if between the asking and
 * the answer nothing happened to the connection, nor to the run of the server that was greeted.
 *
 * A restarted server is noticed in-band: every script's text holds the run id, so that a server which doesn't know
 * our scripts, and only such a one, is another run than the one that was greeted.
 */
export class Connection implements Route {
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
  #readOnly = false
  #servers: ReadonlyMap<Node, Greeted> = new Map()
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

  watch(watcher: ConnectionWatcher): void {
    this.#watchers.add(watcher)
    if (this.#usable) watcher.greeted()
  }

  unwatch(watcher: ConnectionWatcher): void {
    this.#watchers.delete(watcher)
  }

  /** Goes over to an epoch that another process made. Another text means that there is none of ours any more. */
  adopt(epoch: string): void {
    if (!this.#usable || epoch === this.#epoch || this.#left.includes(epoch)) return
    if (!this.layout.owns(epoch)) {
      this.lose(new Error('the epoch in Redis is gone, or of processes with other `buckets`'))
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

  /** Names of entries, in the epoch of today: to be asked for anew for every attempt. */
  namesOf(bucket: number, keys: readonly string[]): string[] {
    return this.layout.entries(bucket, this.#epoch, keys)
  }

  /** The node of each bucket, as greeted. */
  nodeOf(bucket: number): Node | undefined {
    return this.port.node(this.layout.slotOf(bucket))
  }

  nodeFor(bucket: number): Node {
    return nodeFor(this.port, this.layout, bucket)
  }

  greeted(node: Node): Greeted {
    const greeted = this.#servers.get(node)
    if (greeted !== undefined) return greeted
    // A node that was never greeted: the Cluster changed, and what it has may be of another history.
    const error = unavailable('meets a node that was not greeted')
    this.lose(error)
    throw error
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
        'UNREPLICATED',
        `Expected the removal to reach ${wait.replicas} replica${wait.replicas === 1 ? '' : 's'} within ${wait.timeout} ms, it reached ${textOf(reached)}`,
      )
    }
    return replies.slice(0, removals)
  }

  /** As `ask`, with the errors that the servers replied in their places. */
  async attempt(make: () => readonly AnyCall[]): Promise<readonly Reply[]> {
    for (let round = 0; round < mostEpochs; round++) {
      if (!this.#usable) throw this.#closed ? closed() : unavailable('was not greeted')
      const generation = this.#generation
      const replies = await dispatch(make(), this)
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

  #judge(reply: Error): void {
    if (!isOfOtherServer(reply) && (this.#readOnly || !isReadOnly(reply))) return
    this.lose(reply)
    throw reply
  }

  async #greet(): Promise<string> {
    await this.port.ready(this.layout.slots)
    const generation = this.#generation
    const { servers, run, epoch } = await greet(this.port, this.layout)
    if (this.#closed) throw closed()
    if (generation !== this.#generation) throw unavailable('lost its connection')
    this.#servers = servers
    if (epoch !== this.#epoch) this.leave(epoch)
    const infos = [...servers.values()].map(({ info }) => info)
    this.#readOnly = infos.some(({ role }) => role !== 'master')
    this.#usable = true
    this.#warn(infos)
    for (const watcher of this.#watchers) watcher.greeted()
    return `${run}/${epoch}`
  }

  #warn(servers: readonly ServerInfo[]): void {
    for (const finding of findings(servers, this.port.reach)) {
      if (this.#warned.has(finding.check)) continue
      this.#warned.add(finding.check)
      // Heard also where nobody listens to the cache's own warnings.
      if (finding.check.startsWith('tls'))
        process.emitWarning(`${finding.found} ${finding.fix}`, { code: 'TIERSTACK_TLS' })
      this.host.warn(finding)
    }
  }
}
