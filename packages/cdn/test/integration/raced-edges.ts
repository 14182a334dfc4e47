import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { memory } from '@tierstack/cache-memory'
import { startVarnish } from '@tierstack/test-services'
import { edge, embedded } from '../../src/edge/index.ts'
import type { Edge } from '../../src/edge/index.ts'
import { edgeHandler, varnish, varnishVcl } from '../../src/index.ts'
import type { CdnEdge, CdnOptions, Provider } from '../../src/index.ts'

/** An edge with the application as it is used with it. */
export interface RacedEdge {
  readonly url: string
  readonly provider: Provider
  readonly inFlight: NonNullable<CdnOptions['inFlight']>
  /** Readers at once, and ms between two reads of one. */
  readonly readers: number
  readonly pause: number
  /** The page of one row, with the time that it takes to render and to reach the edge. */
  page(tier: CdnEdge, row: (id: number) => Promise<number>): (request: Request) => Promise<Response>
  stop(): Promise<void>
}

const token = 'purge-token-of-the-race'

/** Longest times, ms. */
const slow = { render: 40, transfer: 30, longTransfer: 120 }

const idOf = ({ url }: Request): number => Number(new URL(url).pathname.slice(1))

/** With the planner, whose last look at the rows comes before the transfer. */
async function realVarnish(port: number): Promise<RacedEdge> {
  const server = await startVarnish({ vcl: varnishVcl({ backend: { host: '127.0.0.1', port }, token }) })
  return {
    url: server.url,
    provider: varnish({ url: server.url, token }),
    // 40 ms to render, 30 to transfer, and what a busy machine adds.
    inFlight: '400ms',
    readers: 24,
    pause: 1,
    page(tier, row) {
      const handler = edgeHandler(tier, async (request) => {
        const value = await row(idOf(request))
        await sleep(Math.random() * slow.render)
        return Response.json(value)
      })
      return async (request) => {
        const response = await handler(request)
        await sleep(Math.random() * slow.transfer)
        return response
      }
    },
    stop: () => server.stop(),
  }
}

/** Without a planner, which would hold back what was read too long ago: the edge's own fence is tested. */
async function embeddedEdge(port: number, order: string): Promise<RacedEdge> {
  const subject = edge({ tiers: [memory()], origin: `http://127.0.0.1:${port}`, purgeToken: token })
  if (order === 'unfenced') dropFences(subject)
  const server = createServer(subject.listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    provider: embedded({ url, token }),
    inFlight: 0,
    readers: 48,
    pause: 0,
    page: (tier, row) => async (request) => {
      const id = idOf(request)
      const value = await row(id)
      await sleep(Math.random() * (slow.render + slow.longTransfer))
      const headers = { 'CDN-Cache-Control': 'max-age=600', 'Cache-Tag': tier.tagFor(`row:${id}`) }
      return Response.json(value, { headers })
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await subject.close()
    },
  }
}

export const raced = { varnish: realVarnish, embedded: embeddedEdge }

/** Loads run twice: the one that counts begins when the first has its answer, after any purge that came meanwhile. */
function dropFences(subject: Edge): void {
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
