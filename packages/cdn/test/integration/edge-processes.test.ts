import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { startRedis } from '@tierstack/test-services'
import { expect, onTestFinished, test } from 'vitest'
import { edge, embedded } from '../../src/edge/index.ts'
import type { Edge } from '../../src/edge/index.ts'
import { cdn } from '../../src/index.ts'
import { childToken, startEdge } from './edge-child.ts'

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An origin whose pages tell a row that can be changed. */
async function origin(): Promise<{ readonly url: string; row: number; asked: number }> {
  const own = { url: '', row: 1, asked: 0 }
  own.url = await listen((_, response) => {
    own.asked++
    response.writeHead(200, { 'cache-control': 'public, max-age=600', 'cache-tag': 'row' })
    response.end(String(own.row))
  })
  return own
}

/** As readers who all call it by one name: edges that share their pages are asked by different ports. */
async function get(url: string, path = '/page'): Promise<IncomingMessage> {
  const asking = request(`${url}${path}`, { headers: { host: 'shop.test' }, agent: false }).end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  return response
}

async function row(url: string, path?: string): Promise<number> {
  let text = ''
  for await (const chunk of await get(url, path)) text += String(chunk)
  return Number(text)
}

function edgeOn(url: string, from: string): Edge {
  const own = edge({ tiers: [memory(), redis({ url })], origin: from })
  onTestFinished(() => own.close())
  return own
}

test('two edges on one Redis share their pages, and a purge in one reaches the memory of the other', async () => {
  await using server = await startRedis({})
  const source = await origin()
  const [first, second] = [edgeOn(server.url, source.url), edgeOn(server.url, source.url)]
  const [one, two] = [await listen(first.listener), await listen(second.listener)]
  // Each drops what was there when it began.
  for (const url of [one, two]) await row(url, '/begin')
  source.asked = 0
  expect(await row(one)).toBe(1)
  await first.cache.drain()
  expect(await row(two)).toBe(1)
  expect(await row(two)).toBe(1)
  expect(source.asked).toBe(1)
  source.row = 2
  await first.purgeTags(['row'])
  expect(await row(one)).toBe(2)
  await expect.poll(() => row(two)).toBe(2)
})

test('Redis dies: pages go on, and what is purged meanwhile stays so when it is back', async () => {
  await using server = await startRedis({})
  const source = await origin()
  const subject = edgeOn(server.url, source.url)
  const url = await listen(subject.listener)
  expect(await row(url)).toBe(1)
  expect(await row(url, '/other')).toBe(1)
  await subject.cache.drain()
  await server.kill()
  source.asked = 0
  // Nobody vouches for what memory has, until it was asked for once.
  for (let i = 0; i < 3; i++) expect(await row(url)).toBe(1)
  expect(source.asked).toBeLessThanOrEqual(1)
  expect(await row(url, '/new')).toBe(1)
  source.row = 2
  await subject.purgeTags(['row'])
  for (const path of ['/page', '/other', '/new']) expect(await row(url, path)).toBe(2)
  await server.restart()
  await expect
    .poll(async () => (await subject.cache.health())['redis']?.state, { timeout: 10_000 })
    .toBe('up')
  for (const path of ['/page', '/other', '/new']) expect(await row(url, path)).toBe(2)
})

test('an edge that was killed, and with it all who share its Redis, serves nothing from before when it is back', async () => {
  await using server = await startRedis({})
  const source = await origin()
  const killed = await startEdge({ origin: source.url, redis: server.url })
  const tier = cdn({
    name: 'edge',
    provider: embedded({ url: killed.url, token: childToken }),
    inFlight: 0,
    // Long enough that the purge would come after the first readers.
    maxBackoff: '30s',
    random: () => 1,
  })
  const cache = createCache({ namespace: 'shop', tiers: [memory(), tier] })
  onTestFinished(() => cache.close())
  expect(await row(killed.url)).toBe(1)
  expect(await row(killed.url)).toBe(1)
  await expect.poll(() => held(server.url)).toBeGreaterThan(0)
  await killed.kill()
  source.row = 2
  expect(await cache.invalidateTags('row')).toMatchObject({ queued: ['edge'] })
  await using again = await startEdge({ origin: source.url, redis: server.url, port: killed.port })
  expect(tier.pending).toBeGreaterThan(0)
  expect(await row(again.url)).toBe(2)
})

/** Pages that a Redis holds. */
async function held(url: string): Promise<number> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url)
  try {
    return (await client.keys('*page*')).length
  } finally {
    client.disconnect()
  }
}

test(
  'a gigabyte streams through, of which the edge holds next to nothing',
  { timeout: 120_000 },
  async () => {
    const whole = 1024 ** 3
    const piece = Buffer.alloc(256 * 1024)
    let sent = 0
    const url = await listen((_, response) => {
      const more = () => {
        while (sent < whole) {
          sent += piece.length
          if (!response.write(piece)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    await using subject = await startEdge({ origin: url })
    const before = await subject.rss()
    const response = await get(subject.url)
    let received = 0
    let between = 0
    let rss = before
    for await (const chunk of response) {
      received += (chunk as Buffer).length
      between = Math.max(between, sent - received)
      if (received % (64 * 1024 * 1024) < 65_536) rss = Math.max(rss, await subject.rss())
    }
    const mb = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MB`
    console.info(
      `1 GB: at most ${mb(between)} between origin and reader, the edge grew by ${mb(rss - before)}`,
    )
    expect(received).toBe(whole)
    // What is kept until it is too large (8 MB), and the buffers of two connections.
    expect(between).toBeLessThan(64 * 1024 ** 2)
  },
)
