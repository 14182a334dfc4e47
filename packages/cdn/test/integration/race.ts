import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import type { Bus, BusListener, EdgeTier, Removal } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { startVarnish } from '@tierstack/test-services'
import { cdn, edgeHandler, nodeListener, varnish, varnishVcl } from '../../src/index.ts'

/**
 * `right`: as we do it. `once`: without the second purge. `first`: the edge is purged before the other tiers are told.
 * `unawaited`: the edge is purged when the others are told, whatever they still hold, and not again.
 */
export type Order = 'right' | 'once' | 'first' | 'unawaited'

export interface RaceReport {
  readonly pages: number
  /** Pages that show an old row after all is quiet: they would until their life ends. */
  readonly stuck: number
  readonly readers: number
  readonly origin: number
}

const token = 'purge-token-of-the-race'

/** Latencies of a site under load, ms. */
const slow = { render: 40, transfer: 30, bus: 25, database: 4 }

/** A bus of slow messages between the instances of one process; it loses none. */
class SlowBus {
  readonly #listeners: BusListener[] = []

  connect(random: () => number): Bus {
    let own: BusListener | undefined
    return {
      open: ({ listener }) => {
        own = listener
        this.#listeners.push(listener)
        listener.live(Number.POSITIVE_INFINITY)
      },
      publish: (removal: Removal) => {
        for (const listener of this.#listeners) {
          if (listener !== own) setTimeout(() => listener.removed(removal), 1 + random() * slow.bus)
        }
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    }
  }
}

/** The edge with its order of events changed: what a hand-made purge does. */
function mutated(edge: EdgeTier, order: Order): EdgeTier {
  if (order !== 'first') return edge
  return {
    kind: 'edge',
    name: edge.name,
    open: (host) => edge.open(host),
    announce: async (what) => void (await edge.purge(what)),
    purge: () => Promise.resolve('purged'),
    get pending() {
      return edge.pending
    },
    close: () => edge.close(),
  }
}

/**
 * Three instances with memory of their own, a database, and one real Varnish in front. Hot rows are written in bursts
 * while readers read; when all is quiet, every page is compared with its row.
 */
export async function race(o: {
  readonly order: Order
  readonly rows: number
  readonly rounds: number
  readonly random?: () => number
}): Promise<RaceReport> {
  const random = o.random ?? Math.random
  const database = new Map<number, number>()
  const bus = new SlowBus()
  const instances: { write(id: number): Promise<unknown>; close(): Promise<void>; pending(): number }[] = []
  const listeners: ReturnType<typeof nodeListener>[] = []
  let origin = 0
  // Varnish knows one backend: a front that passes requests on in turn, which is where transfers take their time.
  const front = createServer((request, response) => {
    // Asked whether it is there before the instances are.
    if (listeners.length === 0) response.end()
    else listeners[origin++ % listeners.length]?.(request, response)
  })
  const port = await open(front)
  const backend = { host: '127.0.0.1', port }
  await using server = await startVarnish({ vcl: varnishVcl({ backend, token }) })
  for (let i = 0; i < 3; i++) {
    const edge = cdn({
      name: 'edge',
      provider: varnish({ url: server.url, token }),
      // 40 ms to render, 30 to transfer, and what a busy machine adds; 'once' has none.
      ...(o.order === 'right' ? { inFlight: '400ms', lead: '30ms' } : { inFlight: 0, lead: 0 }),
      ...(o.order === 'once' && { lead: '30ms' }),
      wait: '2s',
    })
    const cache = createCache({
      namespace: 'race',
      tiers: [memory(), mutated(edge, o.order)],
      bus: bus.connect(random),
      ttl: '10m',
      timeouts: { removal: '5s' },
    })
    const row = cache.define({
      name: 'row',
      load: async (id: number) => {
        const seen = database.get(id) ?? 0
        await sleep(1 + random() * slow.database)
        return seen
      },
    })
    instances.push({
      async write(id) {
        database.set(id, (database.get(id) ?? 0) + 1)
        await sleep(random() * slow.database)
        await row.delete(id)
      },
      close: () => cache.close(),
      pending: () => edge.pending,
    })
    const handler = edgeHandler(edge, async ({ url }) => {
      const value = await row(Number(new URL(url).pathname.slice(1)))
      await sleep(random() * slow.render)
      return Response.json(value)
    })
    const listener = nodeListener(async (request) => {
      const response = await handler(request)
      // Planned and rendered, and on its way.
      await sleep(random() * slow.transfer)
      return response
    })
    listeners.push(listener)
  }
  const get = async (id: number) =>
    Number(await (await fetch(`${server.url}/${id}`, { signal: AbortSignal.timeout(20_000) })).text())
  let stuck = 0
  let readers = 0
  try {
    for (let round = 0; round < o.rounds; round++) {
      let writing = true
      const reading = Array.from({ length: 24 }, async () => {
        while (writing) {
          readers++
          await get(Math.floor(random() * o.rows))
          await sleep(1)
        }
      })
      await Promise.all(
        Array.from({ length: o.rows }, async (_, id) => {
          for (let i = 0; i < 4; i++) {
            await sleep(random() * 60)
            await instances[Math.floor(random() * instances.length)]?.write(id)
          }
        }),
      )
      await sleep(100)
      writing = false
      await Promise.all(reading)
      while (instances.some((one) => one.pending() > 0)) await sleep(20)
      for (let id = 0; id < o.rows; id++) if ((await get(id)) !== database.get(id)) stuck++
    }
  } finally {
    for (const one of instances) await one.close()
    front.closeAllConnections()
    front.close()
  }
  return { pages: o.rows * o.rounds, stuck, readers, origin }
}

async function open(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
