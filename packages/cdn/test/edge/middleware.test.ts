import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { memory } from '@tierstack/cache-memory'
import { expect, test } from 'vitest'

import { edge } from '../../src/edge/index.ts'
import { listen } from './rig.ts'

async function serving(listener: RequestListener, path = '/'): Promise<(path?: string) => Promise<string>> {
  const server = createServer(listener)
  const port = await listen(server)
  server.unref()
  return async (asked = path) => {
    const response = await fetch(`http://127.0.0.1:${port}${asked}`)
    return `${await response.text()} ${response.headers.get('cache-status')?.split(';')[1]}`
  }
}

test('a listener of this process is an origin', async () => {
  let made = 0
  await using front = edge({
    tiers: [memory()],
    origin: (_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(String(++made))
    },
  })
  const get = await serving(front.listener)
  expect([await get(), await get()]).toEqual(['1  fwd=uri-miss', '1  hit'])
})

test('an application may be its own origin, by a middleware', async () => {
  let made = 0
  const app: RequestListener = (request, response) => {
    front.middleware(request, response, () => {
      response
        .writeHead(200, { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' })
        .end(String(++made))
    })
  }
  const front = edge({ tiers: [memory()], origin: app })
  const get = await serving(app)
  expect([await get(), await get(), await get('/other')]).toEqual([
    '1  fwd=uri-miss',
    '1  hit',
    '2  fwd=uri-miss',
  ])
  await front.close()
})

test('a closed edge refuses', async () => {
  const front = edge({ tiers: [memory()], origin: (_, response) => response.end() })
  const get = await serving(front.listener)
  await front.close()
  expect(await get()).toContain('503')
})
