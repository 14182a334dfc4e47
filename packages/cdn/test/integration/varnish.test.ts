import { startVarnish } from '@tierstack/test-services'
import type { VarnishServer } from '@tierstack/test-services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { varnish, varnishVcl } from '../../src/index.ts'
import { get, startSite, token } from './site.ts'
import type { Site } from './site.ts'

for (const by of ['xkey', 'ban'] as const) {
  describe(`Varnish, by ${by}`, () => {
    let site: Site
    let server: VarnishServer
    beforeAll(async () => {
      site = await startSite(() => ({
        provider: varnish({ url: server.url, token, by }),
        // A page of nine hundred rows may take half of it, on a busy machine.
        inFlight: '600ms',
        maxBackoff: '100ms',
      }))
      const backend = { host: '127.0.0.1', port: site.port }
      server = await startVarnish({ vcl: varnishVcl({ backend, token, by }) })
    })
    afterAll(async () => {
      await site[Symbol.asyncDispose]()
      await server.stop()
    })

    test('keeps pages, and a write purges exactly those that show its row, before its receipt', async () => {
      for (const path of ['/rows/1,2', '/rows/2,3', '/rows/3']) await get(`${server.url}${path}`)
      const before = site.served
      for (const path of ['/rows/1,2', '/rows/2,3', '/rows/3']) await get(`${server.url}${path}`)
      expect(site.served).toBe(before)
      expect(await site.write(2)).toMatchObject({ confirmed: ['memory', 'edge'] })
      expect((await get(`${server.url}/rows/1,2`)).rows).toEqual([0, 1])
      expect((await get(`${server.url}/rows/2,3`)).rows).toEqual([1, 0])
      expect((await get(`${server.url}/rows/3`)).rows).toEqual([0])
      expect(site.served).toBe(before + 2)
    })

    test('readers see neither tags nor a life of their own', async () => {
      const { response } = await get(`${server.url}/rows/7`)
      expect(response.headers.get('xkey')).toBeNull()
      expect(response.headers.get('cache-control')).toMatch(/^public, max-age=0, s-maxage=\d+$/)
      expect(response.headers.get('cache-status')).toMatch(/^tierstack; /)
    })

    test('says in Cache-Status what it did, after what the tiers did when the page was made', async () => {
      const statusOf = async (init: RequestInit = {}) => {
        const response = await fetch(`${server.url}/rows/6`, init)
        await response.text()
        return response.headers.get('cache-status')
      }
      expect(await statusOf()).toMatch(/^tierstack; fwd=miss; stored, varnish; fwd=miss; stored$/)
      expect(await statusOf()).toMatch(/^tierstack; fwd=miss; stored, varnish; hit; ttl=\d+$/)
      expect(await statusOf({ method: 'POST' })).toMatch(/, varnish; fwd=bypass$/)
    })

    test('answers to credentials and cookies are made anew for each, and kept from all others', async () => {
      const before = site.served
      for (const headers of [{ authorization: 'Basic a' }, { cookie: 'sid=1' }]) {
        const { response } = await get(`${server.url}/rows/8`, headers)
        expect(response.headers.get('cache-control')).toBe('private, no-store')
        await get(`${server.url}/rows/8`, headers)
      }
      expect(site.served).toBe(before + 4)
    })

    test('a page with hundreds of rows carries coarser tags, and is still purged with each of them', async () => {
      const path = `/rows/${Array.from({ length: 900 }, (_, i) => 1000 + i).join()}`
      // The second purge of another row would take it too.
      await expect.poll(() => site.edge.pending, { timeout: 10_000 }).toBe(0)
      await get(`${server.url}${path}`)
      const before = site.served
      await get(`${server.url}${path}`)
      expect(site.served).toBe(before)
      expect(site.edge.stats().coarsened).toBeGreaterThan(0)
      await site.write(1500)
      expect((await get(`${server.url}${path}`)).rows[500]).toBe(1)
    })

    test('nobody purges without the token', async () => {
      const method = by === 'xkey' ? 'PURGE' : 'BAN'
      for (const headers of [{}, { 'x-purge-token': 'guess' }]) {
        const response = await fetch(server.url, { method, headers: { 'xkey-purge': 'x', ...headers } })
        expect(response.status).toBe(403)
      }
    })

    test('a conditional request is answered from the edge, and the tags are part of the validator', async () => {
      const { response } = await get(`${server.url}/rows/9`)
      const etag = response.headers.get('etag') ?? ''
      expect(etag).toMatch(/^W?\/?"[\w-]{22}-[\w-]{8}"$/)
      const before = site.served
      expect((await get(`${server.url}/rows/9`, { 'if-none-match': etag })).response.status).toBe(304)
      expect(site.served).toBe(before)
    })

    test('killed: writes go on and say so; started again: no page from before is served', async () => {
      await get(`${server.url}/rows/5`)
      await server.kill()
      const receipt = await site.write(5)
      expect(receipt).toMatchObject({ confirmed: ['memory'], queued: ['edge'] })
      expect(await site.cache.health()).toMatchObject({ edge: { state: 'degraded' } })
      await server.restart()
      expect((await get(`${server.url}/rows/5`)).rows).toEqual([site.rows.get(5)])
      await expect.poll(() => site.edge.pending, { timeout: 10_000 }).toBe(0)
      expect(await site.cache.health()).toMatchObject({ edge: { state: 'up' } })
    })
  })
}

test('Varnish keeps what is softly purged for readers who come while it is fetched anew', async () => {
  let server: VarnishServer | undefined
  await using site = await startSite(() => ({
    provider: varnish({ url: server?.url ?? '', token }),
    inFlight: 0,
  }))
  const backend = { host: '127.0.0.1', port: site.port }
  await using started = await startVarnish({
    vcl: varnishVcl({ backend, token }),
    args: ['-p', 'default_grace=10'],
  })
  server = started
  await get(`${server.url}/rows/1`)
  site.rows.set(1, 1)
  await site.row.expire(1)
  // In its grace, and refreshed behind.
  expect((await get(`${server.url}/rows/1`)).rows).toEqual([0])
  await expect.poll(async () => (await get(`${server?.url}/rows/1`)).rows).toEqual([1])
})
