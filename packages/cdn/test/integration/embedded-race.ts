import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import type { Bus, BusListener, EdgeTier, Removal } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'

import { cdn, nodeListener } from '../../src/index.ts'
import { edge, embedded } from '../../src/edge/index.ts'

/**
 * `right`: the edge is purged when the memory of all instances is. `first`: before the other tiers are told.
 * `unawaited`: when they are told, whatever they still hold. `unfenced`: in the right order, by an edge that keeps
 * what was fetched before the purge.
 */
export type Order = 'right' | 'first' | 'unawaited' | 'unfenced'

export interface RaceReport {
  readonly pages: number
  /** Pages that show an old row after all is quiet: they would until their life ends. */
  readonly stuck: number
  readonly readers: number
  readonly origin: number
}

const token = 'purge-token-of-the-race'

/** Latencies of a site under load, ms. */
const slow = { render: 40, transfer: 120, bus: 25, database: 4 }

/** A bus of slow messages between instances; it loses none. */
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
        for (const listener of this.#listeners)
          if (listener !== own) setTimeout(() => listener.removed(removal), 1 + random() * slow.bus)
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    }
  }
}

/** The edge tier with its order of events changed: what a purge made by hand does. */
function mutated(tier: EdgeTier, order: Order): EdgeTier {
  if (order !== 'first') return tier
  return {
    kind: 'edge',
    name: tier.name,
    open: (host) => tier.open(host),
    announce: async (what) => void (await tier.purge(what)),
    purge: () => Promise.resolve('purged'),
    get pending() {
      return tier.pending
    },
    close: () => tier.close(),
  }
}

async function open(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/**
 * Three instances with memory of their own, a database, and the embedded edge in front. Hot rows are written in bursts
 * while readers read; when all is quiet, every page is compared with its row.
 */
export async function race(o: {
  readonly order: Order
  readonly rows: number
  readonly rounds: number
}): Promise<RaceReport> {
  const database = new Map<number, number>()
  const bus = new SlowBus()
  const listeners: RequestListener[] = []
  const instances: { write(id: number): Promise<unknown>; close(): Promise<void>; pending(): number }[] = []
  let asked = 0
  const front = await open((request, response) => listeners[asked++ % listeners.length]?.(request, response))
  await using subject = edge({ tiers: [memory()], origin: front.url, purgeToken: token })
  // Without its fence, an edge keeps whatever arrives: here it is purged as if nothing were under way.
  if (o.order === 'unfenced') dropFences(subject)
  const edgeFront = await open(subject.listener)
  const lead = o.order === 'unawaited' || o.order === 'first' ? 0 : '30ms'
  for (let i = 0; i < 3; i++) {
    const tier = cdn({
      name: 'edge',
      provider: embedded({ url: edgeFront.url, token }),
      inFlight: 0,
      lead,
      wait: '2s',
    })
    const cache = createCache({
      namespace: 'race',
      tiers: [memory(), mutated(tier, o.order)],
      bus: bus.connect(Math.random),
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
    instances.push({
      async write(id) {
        database.set(id, (database.get(id) ?? 0) + 1)
        await sleep(Math.random() * slow.database)
        await cache.invalidateTags(`row:${id}`)
      },
      close: () => cache.close(),
      pending: () => tier.pending,
    })
    // By hand, without a planner that would hold back what was read too long ago: the edge alone is tested.
    listeners.push(
      nodeListener(async ({ url }) => {
        const id = Number(new URL(url).pathname.slice(1))
        const value = await row(id)
        await sleep(Math.random() * (slow.render + slow.transfer))
        const headers = { 'CDN-Cache-Control': 'max-age=600', 'Cache-Tag': tier.tagFor(`row:${id}`) }
        return Response.json(value, { headers })
      }),
    )
  }
  const get = async (id: number) =>
    Number(await (await fetch(`${edgeFront.url}/${id}`, { signal: AbortSignal.timeout(20_000) })).text())
  let stuck = 0
  let readers = 0
  try {
    for (let round = 0; round < o.rounds; round++) {
      let writing = true
      const reading = Array.from({ length: 48 }, async () => {
        while (writing) {
          readers++
          await get(Math.floor(Math.random() * o.rows))
        }
      })
      await Promise.all(
        Array.from({ length: o.rows }, async (_, id) => {
          for (let i = 0; i < 4; i++) {
            await sleep(Math.random() * 60)
            await instances[Math.floor(Math.random() * instances.length)]?.write(id)
          }
        }),
      )
      await sleep(100)
      writing = false
      await Promise.all(reading)
      while (instances.some((one) => one.pending() > 0)) await sleep(20)
      await Promise.all(
        Array.from({ length: o.rows }, async (_, id) => {
          if ((await get(id)) !== database.get(id)) stuck++
        }),
      )
    }
  } finally {
    for (const one of instances) await one.close()
    for (const { server } of [front, edgeFront]) {
      server.closeAllConnections()
      server.close()
    }
  }
  return { pages: o.rows * o.rounds, stuck, readers, origin: asked }
}

/** Loads run twice: the one that counts begins when the first has its answer, after any purge that came meanwhile. */
function dropFences(subject: ReturnType<typeof edge>): void {
  const { cache } = subject
  const original = cache.getOrSet.bind(cache)
  const late: typeof cache.getOrSet = async (key, load, options) => {
    const told: ((context: Parameters<typeof load>[0]) => void)[] = []
    const value = await load({
      ...({ key, tenant: '', reason: 'miss', stale: undefined } as const),
      signal: new AbortController().signal,
      ttl: (ttl) => void told.push((context) => context.ttl(ttl)),
      windows: (windows) => void told.push((context) => context.windows(windows)),
      tag: (...tags) => void told.push((context) => context.tag(...tags)),
      etag: () => {},
      skip: () => void told.push((context) => context.skip()),
      notModified: () => {
        throw new Error('not used')
      },
      fail: () => {
        throw new Error('not used')
      },
    })
    return await original(
      key,
      (context) => {
        for (const tell of told) tell(context)
        return value
      },
      { ...options, forceFresh: true },
    )
  }
  Object.assign(cache, { getOrSet: late })
}
