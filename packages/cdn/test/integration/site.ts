import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from '@tierstack/cache-core'
import type { Cache, Cached } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { cdn, edgeHandler, nodeListener } from '../../src/index.ts'
import type { CdnEdge, CdnOptions } from '../../src/index.ts'

/** An application whose pages show rows: `/rows/1,2,3`. */
export interface Site extends AsyncDisposable {
  readonly port: number
  readonly rows: Map<number, number>
  readonly edge: CdnEdge
  readonly cache: Cache
  readonly row: Cached<number, number>
  /** Responses made by the application. */
  served: number
  /** Changes a row, and removes what was made of it. */
  write(id: number): ReturnType<Cached<number, number>['delete']>
}

export const token = 'purge-token-of-the-tests'

/** Starts the application before the edge is there; `provider` gets what reaches it later. */
export async function startSite(options: (port: number) => CdnOptions): Promise<Site> {
  const rows = new Map<number, number>()
  const listener: { of: ReturnType<typeof nodeListener> } = { of: (_, response) => response.end() }
  const server = createServer((request, response) => listener.of(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return site(rows, listener, port, options, async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
}

function site(
  rows: Map<number, number>,
  listener: { of: ReturnType<typeof nodeListener> },
  port: number,
  options: (port: number) => CdnOptions,
  close: () => Promise<void>,
): Site {
  let made: { edge: CdnEdge; cache: Cache; row: Cached<number, number> } | undefined
  const parts = () => {
    if (made !== undefined) return made
    const edge = cdn({ name: 'edge', ...options(port) })
    const cache = createCache({ namespace: 'site', tiers: [memory(), edge], ttl: '10m' }) as unknown as Cache
    const row = cache.define({
      name: 'row',
      load: (id: number) => rows.get(id) ?? 0,
      tags: (_, id) => [`row:${id}`],
    })
    made = { edge, cache, row }
    return made
  }
  const own: Site = {
    port,
    rows,
    served: 0,
    get edge() {
      return parts().edge
    },
    get cache() {
      return parts().cache
    },
    get row() {
      return parts().row
    },
    write(id) {
      rows.set(id, (rows.get(id) ?? 0) + 1)
      return parts().row.delete(id)
    },
    async [Symbol.asyncDispose]() {
      await made?.cache.close()
      await close()
    },
  }
  listener.of = nodeListener((request) => {
    own.served++
    return edgeHandler(parts().edge, async ({ url }) => {
      const ids = new URL(url).pathname.match(/\d+/g) ?? []
      const values = await parts().row.many(ids.map(Number))
      return Response.json(values)
    })(request)
  })
  return own
}

/** The page as a reader behind the edge gets it. */
export async function get(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ readonly rows: readonly number[]; readonly response: Response }> {
  const response = await fetch(url, { headers })
  const text = await response.text()
  return { rows: text === '' ? [] : (JSON.parse(text) as number[]), response }
}
