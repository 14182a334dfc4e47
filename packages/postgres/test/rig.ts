import { createConnection, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createCache } from '@tierstack/cache-core'
import type { Cache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { startPostgres, until } from '@tierstack/test-services'
import type { PostgresServer } from '@tierstack/test-services'
import { Client } from 'pg'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { changeFeed } from '../src/index.ts'
import type { ChangeFeed, ChangeFeedOptions, FeedEventMap } from '../src/index.ts'

export const logical = { wal_level: 'logical', max_slot_wal_keep_size: '200MB', max_wal_senders: '20' }

/** One server for the tests of a file. */
export function server(settings: Record<string, string> = logical): () => PostgresServer {
  let started: PostgresServer | undefined
  beforeAll(async () => {
    started = await startPostgres({ settings })
  })
  afterAll(async () => {
    await started?.stop()
  })
  return () => started as PostgresServer
}

let databases = 0

/** A database of its own, so that no test sees the slots and publications of another. */
export async function newDatabase(postgres: Pick<PostgresServer, 'url'>): Promise<string> {
  const name = `test_${process.pid}_${++databases}`
  const admin = await connect(postgres.url)
  await admin.query(`create database ${name}`)
  const url = new URL(postgres.url)
  url.pathname = `/${name}`
  return url.href
}

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return client
}

/** A cache in front of a table `users`, as a definition would read it. */
export interface Reader {
  readonly cache: Cache
  row(id: number): Promise<string | undefined>
  count(): Promise<number>
  readonly origins: string[]
}

export function reader(client: Pick<Client, 'query'>, cache?: Cache): Reader {
  const own = cache ?? createCache({ namespace: 'test', tiers: [memory()], ttl: '1h' })
  if (cache === undefined) onTestFinished(() => own.close())
  const origins: string[] = []
  own.on('invalidate', ({ origin }) => origins.push(origin))
  const name = own.define({
    name: 'user.name',
    load: async (id: number) => {
      const { rows } = await client.query('select name from users where id = $1', [id])
      return (rows[0]?.name as string | undefined) ?? null
    },
    tags: (_, id) => [`users:${id}`],
  })
  const count = own.define({
    name: 'user.count',
    load: async (_all: string) => Number((await client.query('select count(*) from users')).rows[0].count),
    tags: () => ['users'],
  })
  return {
    cache: own as Cache,
    row: async (id) => (await name(id)) ?? undefined,
    count: () => count(''),
    origins,
  }
}

/** A feed that has become ready, with what it reported. */
export interface Followed {
  readonly feed: ChangeFeed
  readonly gaps: string[]
  readonly warnings: FeedEventMap['warning'][]
  readonly states: string[]
}

export function follow(options: ChangeFeedOptions): Followed {
  const feed = changeFeed(options)
  onTestFinished(() => feed.close())
  const gaps: string[] = []
  const warnings: FeedEventMap['warning'][] = []
  const states: string[] = []
  feed.on('gap', ({ why }) => gaps.push(why))
  feed.on('warning', (finding) => warnings.push(finding))
  feed.on('state', ({ state }) => states.push(state))
  return { feed, gaps, warnings, states }
}

/** Asks until the answer is what it should become. */
export async function becomes<T>(ask: () => Promise<T> | T, wanted: T, limit = 10_000): Promise<void> {
  let last: unknown
  await until(
    JSON.stringify(wanted),
    async () => {
      last = await ask()
      return JSON.stringify(last) === JSON.stringify(wanted)
    },
    { limit, detail: async () => `it is ${JSON.stringify(last)}` },
  )
}

/** A way to the server that can fall silent without closing: connections of before `hold` are never served again. */
export async function holdingProxy(url: string): Promise<{ readonly url: string; hold(): void }> {
  const { port, hostname } = new URL(url)
  const sockets = new Set<Socket>()
  const proxy = createServer((near) => {
    const far = createConnection(Number(port), hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const target = new URL(url)
  target.port = String((proxy.address() as AddressInfo).port)
  return {
    url: target.href,
    hold() {
      for (const socket of sockets) socket.unpipe().pause()
    },
  }
}
