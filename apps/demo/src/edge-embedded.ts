import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cdn } from '@tierstack/cache-cdn'
import { edge, embedded } from '@tierstack/cache-cdn/edge'
import { memory } from '@tierstack/cache-memory'
import { isMadeOfRows, planned } from './edge-front.ts'
import type { DemoEdge } from './edge-front.ts'

const maxBytes = '64mb'

/** An HTTP cache of this process, with memory of its own. Purges come to a port that only this process knows. */
export async function openEmbeddedEdge(token: string): Promise<DemoEdge> {
  let service: RequestListener = (_, response) => response.writeHead(503).end()
  const cache = edge({
    tiers: [memory({ maxBytes })],
    origin: (request, response) => service(request, response),
    purgeToken: token,
  })
  const purges = createServer(cache.listener).listen(0, '127.0.0.1')
  await once(purges, 'listening')
  const { port } = purges.address() as AddressInfo
  const tier = cdn({
    name: 'edge',
    provider: embedded({ url: `http://127.0.0.1:${port}`, token }),
    // It refuses what was fetched before a purge, so that one purge is enough.
    inFlight: 0,
  })
  return {
    tier,
    title: `the embedded edge, up to ${maxBytes} of pages and JSON`,
    front(listener) {
      service = planned(tier, listener)
      return (request, response) => {
        if (isMadeOfRows(request)) cache.listener(request, response)
        else listener(request, response)
      }
    },
    async close() {
      purges.close()
      purges.closeAllConnections()
      await cache.close()
    },
  }
}
