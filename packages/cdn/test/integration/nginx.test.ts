import { startNginx } from '@tierstack/test-services'
import type { NginxServer } from '@tierstack/test-services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nginx, nginxConf } from '../../src/index.ts'
import { get, startSite, token } from './site.ts'
import type { Site } from './site.ts'

describe('nginx, which knows no tags', () => {
  let site: Site
  let server: NginxServer
  beforeAll(async () => {
    site = await startSite(() => ({
      provider: nginx({ url: server.url, token }),
      inFlight: '200ms',
      maxBackoff: '100ms',
    }))
    server = await startNginx({
      http: ({ listen, folder }) =>
        nginxConf({ backend: `http://127.0.0.1:${site.port}`, token, listen, folder }),
    })
  })
  afterAll(async () => {
    await site[Symbol.asyncDispose]()
    await server.stop()
  })

  test('keeps pages for the life that we name, and a write refreshes exactly those that show its row', async () => {
    for (const path of ['/rows/1,2', '/rows/2,3', '/rows/3']) await get(`${server.url}${path}`)
    const again = await get(`${server.url}/rows/3`)
    expect(again.response.headers.get('x-cache')).toBe('HIT')
    expect(again.response.headers.get('x-accel-expires')).toBeNull()
    const before = site.served
    expect(await site.write(2)).toMatchObject({ confirmed: ['memory', 'edge'] })
    expect(site.served).toBe(before + 2)
    expect((await get(`${server.url}/rows/1,2`)).rows).toEqual([0, 1])
    expect((await get(`${server.url}/rows/2,3`)).rows).toEqual([1, 0])
    expect((await get(`${server.url}/rows/3`)).response.headers.get('x-cache')).toBe('HIT')
  })

  test('answers to credentials and cookies are kept from all others', async () => {
    for (const headers of [{ authorization: 'Basic a' }, { cookie: 'sid=1' }] as const) {
      await get(`${server.url}/rows/8`, headers)
      const { response } = await get(`${server.url}/rows/8`, headers)
      expect(response.headers.get('x-cache')).not.toBe('HIT')
    }
  })

  test('a page made of nine hundred rows fits its buffers', async () => {
    const path = `/rows/${Array.from({ length: 900 }, (_, i) => 1000 + i).join()}`
    expect((await get(`${server.url}${path}`)).response.status).toBe(200)
    await site.write(1500)
    expect((await get(`${server.url}${path}`)).rows[500]).toBe(1)
  })

  test('without the token nobody makes it fetch anew', async () => {
    await get(`${server.url}/rows/4`)
    const { response } = await get(`${server.url}/rows/4`, { 'x-purge-token': 'guess' })
    expect(response.headers.get('x-cache')).toBe('HIT')
  })

  test('killed and started again, it is purged as soon as it answers', async () => {
    await get(`${server.url}/rows/5`)
    await server.kill()
    expect(await site.write(5)).toMatchObject({ queued: ['edge'] })
    await server.restart()
    await expect.poll(async () => (await get(`${server.url}/rows/5`)).rows, { timeout: 5_000 }).toEqual([1])
    await expect.poll(() => site.edge.pending, { timeout: 10_000 }).toBe(0)
  })
})
