import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import type { Row } from '../row.ts'
import type { Way } from '../source.ts'
import type { Change, Promised, Subject, SubjectOptions } from './subject.ts'

const ttl = '2m'

/** bentocache as its read-me sets it up: memory, Redis, bus over Redis. */
export class Bento implements Subject {
  readonly ways: readonly Way[] = ['delete', 'tags', 'clear']
  readonly #cache: ReturnType<typeof setUp>
  readonly #connections: readonly Redis[]
  readonly #load: SubjectOptions['load']
  #loads = 0

  constructor({ place, namespace, memoryEntries, load }: SubjectOptions) {
    if (place.kind !== 'standalone') throw new Error('bentocache is checked on a standalone server only')
    const open = () => {
      const connection = new Redis(place.port, '127.0.0.1')
      connection.on('error', () => {})
      return connection
    }
    this.#connections = [open(), open()]
    this.#cache = setUp(namespace, memoryEntries, this.#connections as readonly [Redis, Redis])
    this.#load = load
  }

  read(key: number): Promise<Row> {
    return this.#cache.getOrSet({
      key: String(key),
      ttl,
      factory: async (context) => {
        this.#loads++
        const row = await this.#load(key)
        context.setTags([row.tag])
        return row
      },
    })
  }

  many(keys: readonly number[]): Promise<Row[]> {
    return Promise.all(keys.map((key) => this.read(key)))
  }

  peek(): undefined {
    return undefined
  }

  async change({ way, keys, tag, commit }: Change): Promise<Promised> {
    await commit()
    if (way === 'tags') await this.#cache.deleteByTag({ tags: [tag] })
    else if (way === 'clear') await this.#cache.clear()
    else await this.#cache.deleteMany({ keys: keys.map(String) })
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
    await this.#cache.disconnectAll().catch(() => {})
    for (const connection of this.#connections) connection.disconnect()
  }
}

function setUp(prefix: string, maxItems: number, [data, bus]: readonly [Redis, Redis]) {
  return new BentoCache({
    default: 'rows',
    prefix,
    stores: {
      rows: bentostore()
        .useL1Layer(memoryDriver({ maxItems }))
        .useL2Layer(redisDriver({ connection: data }))
        .useBus(redisBusDriver({ connection: bus.options })),
    },
  })
}
