import { Redis } from 'ioredis'
import { createNotificationPair, Loader, RedisCache } from 'layered-loader'
import type { Row } from '../row.ts'
import type { Way } from '../source.ts'
import type { Change, Promised, Subject, SubjectOptions } from './subject.ts'

const ttlInMsecs = 120_000

/** layered-loader as its read-me sets it up: memory, Redis, notifications over Redis. */
export class Layered implements Subject {
  readonly ways: readonly Way[] = ['delete']
  readonly #loader: Loader<Row>
  readonly #connections: readonly Redis[]
  #loads = 0

  constructor({ place, namespace, memoryEntries, load, loadMany }: SubjectOptions) {
    if (place.kind !== 'standalone') throw new Error('layered-loader is checked on a standalone server only')
    const open = () => {
      const connection = new Redis(place.port, '127.0.0.1')
      connection.on('error', () => {})
      return connection
    }
    const [data, publisherRedis, consumerRedis] = [open(), open(), open()]
    this.#connections = [data, publisherRedis, consumerRedis]
    const { publisher, consumer } = createNotificationPair<Row>({
      channel: namespace,
      publisherRedis,
      consumerRedis,
    })
    this.#loader = new Loader<Row>({
      inMemoryCache: { ttlInMsecs, maxItems: memoryEntries },
      asyncCache: new RedisCache<Row>(data, { json: true, prefix: namespace, ttlInMsecs }),
      notificationPublisher: publisher,
      notificationConsumer: consumer,
      dataSourceGetOneFn: (key) => {
        this.#loads++
        return load(Number(key))
      },
      dataSourceGetManyFn: async (keys) => {
        this.#loads++
        return [...(await loadMany(keys.map(Number)))]
      },
      cacheKeyFromValueResolver: (row) => String(row.key),
    })
  }

  async read(key: number): Promise<Row | undefined> {
    return (await this.#loader.get(String(key))) ?? undefined
  }

  async many(keys: readonly number[]): Promise<(Row | undefined)[]> {
    const rows = new Map((await this.#loader.getMany(keys.map(String))).map((row) => [row.key, row]))
    return keys.map((key) => rows.get(key))
  }

  peek(key: number): Row | undefined {
    return this.#loader.getInMemoryOnly(String(key)) ?? undefined
  }

  async change({ keys, commit }: Change): Promise<Promised> {
    await commit()
    await this.#loader.invalidateCacheForMany(keys.map(String))
    return 'everyone'
  }

  queued(): number {
    return 0
  }

  tale(): string {
    return ''
  }

  counters(): Record<string, number> {
    return { loads: this.#loads }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.disconnect()
    await Promise.resolve()
  }
}
