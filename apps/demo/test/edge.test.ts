import { request } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { until } from '@tierstack/test-services'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openEdge } from '../src/edge.ts'
import { doneBy } from '../src/edge-shown.ts'
import { editBehindTheBack, followChanges } from '../src/feed.ts'
import { ask, page, patch, serveDemo } from './parts.ts'
import type { Served } from './parts.ts'

let served: Served
beforeAll(async () => {
  served = await serveDemo({ edge: () => openEdge('embedded', undefined, 0) })
}, 60_000)
beforeEach(() => served.application.caching.cache.clear())
afterAll(() => served.close(), 30_000)

const made = 'fwd=uri-miss; stored'
const kept = /^hit; ttl=\d+$/

async function did(...paths: readonly string[]): Promise<string[]> {
  const all: string[] = []
  for (const path of paths) all.push((await page(served.url + path)).did)
  return all
}

test('pages and JSON are kept at the edge, and say so', async () => {
  const paths = ['/pages/cities/1', '/pages/top', '/cities/1', '/cities?name=par', '/countries/FR/stats']
  expect(await did(...paths)).toEqual(paths.map(() => made))
  for (const one of await did(...paths)) expect(one).toMatch(kept)
  const response = await fetch(`${served.url}/pages/cities/1`)
  expect(await response.text()).toContain('<h1>Paris</h1>')
  expect(response.headers.get('cache-status')).toMatch(/^tierstack; fwd=miss; stored, edge; hit; ttl=\d+$/)
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
})

test('an edit drops every page that shows the row before it is answered, and no other', async () => {
  const showing = [
    '/pages/cities/3',
    '/pages/top',
    '/cities/3',
    '/cities?name=ly',
    '/near?lat=45.75&lon=4.85',
  ]
  const others = ['/pages/cities/5', '/cities/5', '/cities?name=par', '/countries/IT/stats']
  await did(...showing, ...others)
  await patch(`${served.url}/cities/3`, { population: 500_000 })
  expect(await did(...showing)).toEqual(showing.map(() => made))
  for (const one of await did(...others)) expect(one).toMatch(kept)
  expect((await page(`${served.url}/pages/cities/3`)).text).toContain('500,000')
})

test("an edit behind the service's back drops the pages of the row soon, and leaves those of others", async () => {
  const feed = await followChanges(served.application)
  try {
    // The feed begins with a removal of everything.
    await editBehindTheBack(served.application)
    const showing = ['/cities/3', '/cities?name=ly', '/countries/FR/stats', '/near?lat=45.75&lon=4.85']
    const others = ['/pages/cities/5', '/cities/6', '/cities?name=par', '/countries/IT/stats']
    await did('/pages/cities/3', ...showing, ...others)
    const edit = { method: 'POST', body: JSON.stringify({ name: 'Lugdunum' }) }
    await ask(`${served.url}/behind/cities/3`, edit)
    await until('the page shows it', async () =>
      (await page(`${served.url}/pages/cities/3`)).text.includes('Lugdunum'),
    )
    for (const one of await did(...others)) expect(one).toMatch(kept)
    expect(await did(...showing)).toEqual(showing.map(() => made))
  } finally {
    await feed.close()
  }
})

test('what is not there is kept as such, until it is', async () => {
  expect(await page(`${served.url}/pages/cities/999`)).toMatchObject({ status: 404, did: made })
  expect((await page(`${served.url}/pages/cities/999`)).did).toMatch(kept)
})

test('a name is text in a page, whatever it looks like', async () => {
  await patch(`${served.url}/cities/8`, { name: '<script>alert(1)</script>' })
  expect((await page(`${served.url}/pages/cities/8`)).text).toContain('&lt;script&gt;alert(1)')
})

test('what is told of the moment is kept by nobody', async () => {
  for (const path of ['/', '/stats', '/health', '/nowhere', '/cities/none']) {
    const response = await fetch(served.url + path)
    expect([path, response.headers.get('cache-control')]).toEqual([path, expect.stringMatching(/no-store/)])
    expect(doneBy(response.headers.get('cache-status'))).not.toMatch(/stored|hit/)
  }
})

test('readers can not purge', async () => {
  await did('/pages/cities/1')
  const purge = request(`${served.url}/pages/cities/1`, { method: 'PURGE' }).end()
  const [answer] = (await once(purge, 'response')) as [IncomingMessage]
  answer.resume()
  expect(answer.statusCode).toBe(405)
  expect(await did('/pages/cities/1')).toEqual([expect.stringMatching(kept)])
})
