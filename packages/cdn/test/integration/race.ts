import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { cdn, nodeListener } from '../../src/index.ts'
import type { CdnOptions } from '../../src/index.ts'
import { purgedFirst } from './purged-first.ts'
import { raced } from './raced-edges.ts'
import type { RacedEdge } from './raced-edges.ts'
import { SlowBus } from './slow-bus.ts'

/**
 * `right`: as we do it. `once`: without the second purge, by an edge that has no fence. `unfenced`: the same by the
 * embedded edge without its fence. `first`: the edge is purged before the other tiers are told. `unawaited`: when they
 * are told, whatever they still hold, and not again.
 */
export type Order = 'right' | 'once' | 'unfenced' | 'first' | 'unawaited'

export interface RaceReport {
  readonly pages: number
  /** Pages that show an old row after all is quiet: they would until their life ends. */
  readonly stuck: number
  readonly readers: number
  readonly origin: number
}

/** Latencies of a site under load, ms. */
const slow = { bus: 25, database: 4 }

interface Instance {
  write(id: number): Promise<unknown>
  close(): Promise<void>
  pending(): number
}

/**
 * Three instances with memory of their own, a database, and one edge in front. Hot rows are written in bursts while
 * readers read; when all is quiet, every page is compared with its row.
 */
export async function race(o: {
  readonly edge: keyof typeof raced
  readonly order: Order
  readonly rows: number
  readonly rounds: number
}): Promise<RaceReport> {
  const database = new Map<number, number>()
  const listeners: RequestListener[] = []
  let asked = 0
  // The edge knows one origin: a front that passes requests on in turn.
  const front = createServer((request, response) => {
    // Asked whether it is there before the instances are.
    if (listeners.length === 0) response.end()
    else listeners[asked++ % listeners.length]?.(request, response)
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const edge = await raced[o.edge]((front.address() as AddressInfo).port, o.order)
  const bus = new SlowBus((hand) => setTimeout(hand, 1 + Math.random() * slow.bus))
  const instances = Array.from({ length: 3 }, () => {
    const { instance, listener } = open(edge, o.order, bus, database)
    listeners.push(listener)
    return instance
  })
  const get = async (id: number) =>
    Number(await (await fetch(`${edge.url}/${id}`, { signal: AbortSignal.timeout(20_000) })).text())
  let stuck = 0
  let readers = 0
  try {
    for (let round = 0; round < o.rounds; round++) {
      let writing = true
      const reading = Array.from({ length: edge.readers }, async () => {
        while (writing) {
          readers++
          await get(Math.floor(Math.random() * o.rows))
          await sleep(edge.pause)
        }
      })
      await Promise.all(Array.from({ length: o.rows }, (_, id) => burst(instances, id)))
      await sleep(100)
      writing = false
      await Promise.all(reading)
      while (instances.some((one) => one.pending() > 0)) await sleep(20)
      const shown = await Promise.all(Array.from({ length: o.rows }, (_, id) => get(id)))
      for (const [id, value] of shown.entries()) if (value !== database.get(id)) stuck++
    }
  } finally {
    for (const one of instances) await one.close()
    front.closeAllConnections()
    front.close()
    await edge.stop()
  }
  return { pages: o.rows * o.rounds, stuck, readers, origin: asked }
}

async function burst(instances: readonly Instance[], id: number): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await sleep(Math.random() * 60)
    await instances[Math.floor(Math.random() * instances.length)]?.write(id)
  }
}

/** One instance of the application. */
function open(
  edge: RacedEdge,
  order: Order,
  bus: SlowBus,
  database: Map<number, number>,
): { instance: Instance; listener: RequestListener } {
  const early: Partial<CdnOptions> =
    order === 'first' || order === 'unawaited' ? { lead: 0 } : { lead: '30ms' }
  const tier = cdn({
    name: 'edge',
    provider: edge.provider,
    inFlight: order === 'right' ? edge.inFlight : 0,
    wait: '2s',
    ...early,
  })
  const cache = createCache({
    namespace: 'race',
    tiers: [memory(), order === 'first' ? purgedFirst(tier) : tier],
    bus: bus.connect(),
    ttl: '10m',
    timeouts: { removal: '5s' },
  })
  const row = cache.define({
    name: 'row',
    load: async (id: number) => {
      const seen = database.get(id) ?? 0
      await sleep(1 + Math.random() * slow.database)
      return seen
    },
    tags: (_, id) => [`row:${id}`],
  })
  const page = edge.page(tier, row)
  return {
    instance: {
      async write(id) {
        database.set(id, (database.get(id) ?? 0) + 1)
        await sleep(Math.random() * slow.database)
        await cache.invalidateTags(`row:${id}`)
      },
      close: () => cache.close(),
      pending: () => tier.pending,
    },
    listener: nodeListener(page),
  }
}
