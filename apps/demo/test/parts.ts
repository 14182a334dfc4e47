import { afterAll, beforeAll, beforeEach } from 'vitest'
import { openApplication } from '../src/application.ts'
import type { Application, ApplicationOptions } from '../src/application.ts'
import { Closing } from '../src/closing.ts'
import { doneBy } from '../src/edge-shown.ts'
import { createHttp, listen } from '../src/http.ts'
import { chooseTiers } from '../src/tiers.ts'
import { rows } from './rows.ts'

export interface Served {
  readonly application: Application
  readonly url: string
  readonly close: () => Promise<void>
}

/** The whole demo on a free port, with a few cities, an embedded PostgreSQL in memory, memory and SQLite. */
export async function serveDemo(options: Partial<ApplicationOptions> = {}): Promise<Served> {
  const closing = new Closing()
  const close = (): Promise<void> =>
    closing.close((what, error) => {
      throw new Error(`the ${what} did not close`, { cause: error })
    })
  try {
    const application = await openApplication({
      databaseUrl: undefined,
      folder: undefined,
      tiers: () => chooseTiers({}),
      rows: async () => rows,
      say: () => {},
      closing,
      ...options,
    })
    const server = createHttp({ ...application, tierTitles: application.tiers.titles })
    const { ports } = application.edge ?? {}
    const port = await listen(server, ports?.service ?? 0)
    closing.add('server', async () => {
      server.close()
      server.closeAllConnections()
    })
    return { application, url: `http://127.0.0.1:${ports?.readers ?? port}`, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** As `serveDemo`, for all tests of a file; each begins with an empty cache. Call the result inside a test. */
export function sharedDemo(): () => Served {
  let served: Served | undefined
  beforeAll(async () => {
    served = await serveDemo()
  }, 60_000)
  beforeEach(async () => {
    await served?.application.caching.cache.clear()
  })
  afterAll(() => served?.close(), 30_000)
  return () => {
    if (!served) throw new Error('the demo did not start')
    return served
  }
}

export interface Got {
  readonly status: number
  // The tests look into answers of all shapes.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
  readonly by: string | undefined
}

/** The page behind a URL, and what the edge says that it did for it. */
export async function page(url: string): Promise<{ status: number; text: string; did: string }> {
  const response = await fetch(url)
  const did = doneBy(response.headers.get('cache-status'))
  return { status: response.status, text: await response.text(), did }
}

/** One request; the JSON of its answer, and who gave it. */
export async function ask(url: string, init?: RequestInit): Promise<Got> {
  const response = await fetch(url, init)
  const by = response.headers.get('server-timing')?.split(';')[0]
  return { status: response.status, body: await response.json(), by }
}

export function patch(url: string, body: unknown): Promise<Got> {
  return ask(url, { method: 'PATCH', body: typeof body === 'string' ? body : JSON.stringify(body) })
}
