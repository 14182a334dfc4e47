import { CacheError } from '@tierstack/cache-core'
import type {
  Codec,
  DeadWrite,
  PendingWrite,
  QueuedWrite,
  WriteQueue,
  WriteQueueHost,
} from '@tierstack/cache-core'
import { bytesOf, inside, textOf } from './port.ts'
import type { Reply, Word } from './port.ts'
import { resolveQueueOptions } from './queue-options.ts'
import type { RedisQueueOptions, ResolvedQueueOptions } from './queue-options.ts'
import { QueueRoute } from './queue-route.ts'

/** Writes per script: longer ones would keep the server from others. */
const mostEach = 250

class RedisWriteQueue implements WriteQueue {
  readonly name: string
  readonly codec: Codec
  readonly #options: ResolvedQueueOptions
  readonly #route: QueueRoute

  constructor(options: ResolvedQueueOptions) {
    this.name = options.connection.name
    this.codec = options.connection.codec
    this.#options = options
    this.#route = new QueueRoute(options)
  }

  open(host: WriteQueueHost): void {
    this.#route.open(host.namespace)
  }

  async append(topic: string, writes: readonly QueuedWrite[]): Promise<void> {
    const { wait } = this.#options.connection
    const waiting: Word[][] = wait === undefined ? [] : [['WAIT', wait.replicas, wait.timeout]]
    for (const part of chunks(writes)) {
      await this.#fit(topic)
      const args = part.flatMap(({ key, bytes }): Word[] => [key, bytes])
      const [, reached] = await this.#route.run(topic, 'append', ['stream', 'ids', 'bytes'], args, waiting)
      if (wait === undefined || Number(textOf(reached)) >= wait.replicas) continue
      throw new CacheError(
        'TIER_UNAVAILABLE',
        `Expected the write to reach ${wait.replicas} replicas within ${wait.timeout} ms, it reached ${textOf(reached)}`,
      )
    }
  }

  async pending(topic: string, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const [reply] = await this.#route.ask(topic, [['HMGET', this.#route.key(topic, 'bytes'), ...keys]])
    return keys.map((_, i) => bytesOf(inside(reply, i)))
  }

  async take(
    topic: string,
    o: { readonly worker: string; readonly holdMs: number; readonly after: string; readonly limit: number },
  ): Promise<{ readonly writes: readonly PendingWrite[]; readonly next: string | undefined } | undefined> {
    const args = [o.worker, Math.ceil(o.holdMs), o.after, o.limit]
    const [reply] = await this.#route.run(topic, 'take', ['stream', 'ids', 'bytes', 'lease'], args)
    if (!Array.isArray(reply)) return undefined
    const [next, ...writes] = reply as readonly Reply[]
    return {
      next: textOf(next) === '' ? undefined : textOf(next),
      writes: writes.map((one) => ({
        key: textOf(inside(one, 0)) as string,
        token: tokenOf(textOf(inside(one, 1)) as string),
        bytes: bytesOf(inside(one, 2)) as Buffer,
        receipt: textOf(inside(one, 3)) as string,
      })),
    }
  }

  async renew(topic: string, worker: string, holdMs: number): Promise<boolean> {
    const [reply] = await this.#route.run(topic, 'hold', ['lease'], [worker, Math.ceil(holdMs)])
    return textOf(reply) === '1'
  }

  async release(topic: string, worker: string): Promise<void> {
    await this.#route.run(topic, 'hold', ['lease'], [worker, 0])
  }

  async confirm(topic: string, writes: readonly PendingWrite[]): Promise<void> {
    for (const part of chunks(writes)) {
      const args = part.flatMap(({ key, token, receipt }) => [key, idOf(token), receipt])
      await this.#route.run(topic, 'confirm', ['stream', 'ids', 'bytes'], args)
    }
  }

  async bury(topic: string, writes: readonly (PendingWrite & { readonly reason: string })[]): Promise<void> {
    for (const part of chunks(writes)) {
      const args = part.flatMap(({ key, token, receipt, reason }) => [key, idOf(token), receipt, reason])
      await this.#route.run(topic, 'bury', ['stream', 'ids', 'bytes', 'dead'], args)
    }
  }

  async dead(topic: string, limit: number): Promise<readonly DeadWrite[]> {
    const name = this.#route.key(topic, 'dead')
    const [known] = await this.#route.send(topic, [['HKEYS', name]])
    const tokens = ((known ?? []) as readonly Reply[])
      .map((id) => tokenOf(textOf(id) as string))
      .toSorted((a, b) => (a < b ? -1 : 1))
      .slice(0, limit)
    if (tokens.length === 0) return []
    const [letters] = await this.#route.send(topic, [['HMGET', name, ...tokens.map(idOf)]])
    return tokens.flatMap((token, i) => {
      const letter = bytesOf(inside(letters, i))
      return letter === undefined ? [] : [{ token, ...deadOf(letter) }]
    })
  }

  async discard(topic: string, tokens: readonly string[]): Promise<void> {
    if (tokens.length === 0) return
    await this.#route.send(topic, [['HDEL', this.#route.key(topic, 'dead'), ...tokens.map(idOf)]])
  }

  async retry(topic: string, tokens: readonly string[]): Promise<void> {
    // The latest first: of one key it is the one that counts.
    for (const part of chunks(tokens.toSorted((a, b) => (a < b ? 1 : -1))))
      await this.#route.run(topic, 'retry', ['stream', 'ids', 'bytes', 'dead'], part.map(idOf))
  }

  async state(topic: string): Promise<{
    readonly size: number
    readonly first: string | undefined
    readonly last: string | undefined
  }> {
    const stream = this.#route.key(topic, 'stream')
    const [size, first, last] = await this.#route.ask(topic, [
      ['HLEN', this.#route.key(topic, 'ids')],
      ['XRANGE', stream, '-', '+', 'COUNT', 1],
      ['XREVRANGE', stream, '+', '-', 'COUNT', 1],
    ])
    const tokenAt = (reply: Reply | undefined) => {
      const id = textOf(inside(inside(reply, 0), 0))
      return id === undefined ? undefined : tokenOf(id)
    }
    return { size: Number(textOf(size)), first: tokenAt(first), last: tokenAt(last) }
  }

  close(): Promise<void> {
    return this.#route.close()
  }

  async #fit(topic: string): Promise<void> {
    if (this.#options.durability === 'unchecked') return
    await this.#route.greeted(topic)
    const { unfit } = this.#route
    if (unfit === undefined) return
    // It may be set right at any time.
    this.#route.forget()
    throw new CacheError('TIER_UNAVAILABLE', `The Redis server ${unfit}`)
  }
}

/** Ids of a stream are two numbers; padded, they have the same order as text. */
function tokenOf(id: string): string {
  const [ms = '0', count = '0'] = id.split('-')
  return `${ms.padStart(15, '0')}-${count.padStart(10, '0')}`
}

function idOf(token: string): string {
  const [ms, count] = token.split('-')
  return `${Number(ms)}-${Number(count)}`
}

/** `at keyLength reasonLength ` and the three texts, of which the last is bytes. */
function deadOf(letter: Buffer): Omit<DeadWrite, 'token'> {
  const [at = '0', keyLength = '0', reasonLength = '0'] = letter.toString('latin1', 0, 64).split(' ')
  const from = at.length + keyLength.length + reasonLength.length + 3
  const middle = from + Number(keyLength)
  const end = middle + Number(reasonLength)
  return {
    at: Number(at),
    key: letter.toString('utf8', from, middle),
    reason: letter.toString('utf8', middle, end),
    bytes: letter.subarray(end),
  }
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / mostEach) }, (_, i) =>
    items.slice(i * mostEach, (i + 1) * mostEach),
  )
}

/**
 * A write queue in Redis Streams, for `writeQueue` of a cache. What it acknowledged survives as long as the server's
 * append-only file does (`appendfsync always` also past a power cut). Throws for wrong options, never for a server that
 * can't be reached.
 *
 * @example
 * createCache({ namespace: 'shop', tiers: [memory(), redis({ url })], writeQueue: redisWriteQueue({ url }) })
 */
export function redisWriteQueue(options: RedisQueueOptions): WriteQueue {
  return new RedisWriteQueue(resolveQueueOptions(options))
}
