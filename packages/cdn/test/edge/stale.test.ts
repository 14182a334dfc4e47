import { describe, expect, test } from 'vitest'

import { rig } from './rig.ts'
import type { Script } from './rig.ts'

const down: Script = { cut: true }
const broken: Script = { status: 503, body: 'sorry' }

describe('stale-while-revalidate', () => {
  test('a stale page is served at once, and fetched anew behind', async () => {
    await using node = await rig()
    node.answer(
      { headers: ['Cache-Control: max-age=1, stale-while-revalidate=60', 'ETag: "1"'], body: 'old' },
      { headers: ['Cache-Control: max-age=60'], body: 'new' },
    )
    await node.get('/')
    await node.clock.advance(30_000)
    const got = await node.get('/')
    expect(got.body).toBe('old')
    expect(got.headers['cache-status']).toBe('edge; hit; ttl=-29')
    await expect.poll(async () => (await node.get('/')).body).toBe('new')
    expect(node.seen).toHaveLength(2)
    expect(node.seen[1]?.headers['if-none-match']).toBe('"1"')
  })

  test('not after its window', async () => {
    await using node = await rig()
    node.answer(
      { headers: ['Cache-Control: max-age=1, stale-while-revalidate=4'], body: 'old' },
      { headers: ['Cache-Control: no-cache'], body: 'new' },
    )
    await node.get('/')
    await node.clock.advance(5_000)
    expect((await node.get('/')).body).toBe('new')
  })

  test.each(['must-revalidate', 'proxy-revalidate', 'no-cache'])(
    'not where %s forbids it',
    async (control) => {
      await using node = await rig()
      node.answer(
        {
          headers: [`Cache-Control: max-age=1, stale-while-revalidate=60, ${control}`, 'ETag: "1"'],
          body: 'old',
        },
        { headers: [], body: 'new' },
      )
      await node.get('/')
      await node.clock.advance(2_000)
      expect((await node.get('/')).body).toBe('new')
    },
  )
})

describe('a failing origin', () => {
  test.each([down, broken])('stale-if-error serves the stale page: %j', async (failure) => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=1, stale-if-error=60'], body: 'old' }, failure)
    await node.get('/')
    await node.clock.advance(30_000)
    expect(await node.get('/')).toMatchObject({ status: 200, body: 'old' })
    // And spares the origin for a moment.
    const before = node.seen.length
    expect((await node.get('/')).body).toBe('old')
    expect(node.seen).toHaveLength(before)
    await node.clock.advance(2_000)
    expect((await node.get('/')).from).toBe('origin')
    await node.clock.advance(60_000)
    expect((await node.get('/')).status).toBeGreaterThanOrEqual(500)
  })

  test.each(['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=1'])(
    '%s forbids it, whatever the option says',
    async (control) => {
      await using node = await rig({ staleIfError: '1h' })
      node.answer({ headers: [`Cache-Control: max-age=1, ${control}`, 'ETag: "1"'], body: 'old' }, down)
      await node.get('/')
      await node.clock.advance(2_000)
      expect((await node.get('/')).status).toBe(504)
    },
  )

  test('the option is for responses that say nothing', async () => {
    await using node = await rig({ staleIfError: '1m' })
    node.answer({ headers: ['Cache-Control: max-age=1'], body: 'old' }, down)
    await node.get('/')
    await node.clock.advance(30_000)
    expect((await node.get('/')).body).toBe('old')
  })

  test('without a window it is a gateway error, told once and not kept', async () => {
    await using node = await rig()
    node.answer(down, { headers: ['Cache-Control: max-age=60'], body: 'back' })
    const got = await node.get('/')
    expect(got.status).toBe(502)
    expect(got.headers['cache-status']).toBe('edge; fwd=uri-miss; fwd-status=502')
    expect((await node.get('/')).body).toBe('back')
  })

  test('an origin that nobody can reach is a gateway error', async () => {
    await using node = await rig({ origin: 'http://127.0.0.1:1' })
    expect((await node.get('/')).status).toBe(502)
    expect((await node.get('/', { method: 'POST', body: 'x' })).status).toBe(502)
  })

  test('a body that breaks off is not kept, and its reader notices', async () => {
    await using node = await rig()
    node.behave((_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': '10' })
      response.write('12345')
      setImmediate(() => response.destroy())
    })
    await expect(node.get('/')).rejects.toThrow('aborted')
    node.answer({ headers: ['Cache-Control: max-age=60'], body: 'whole' })
    expect(await node.get('/')).toMatchObject({ body: 'whole', from: 'origin' })
  })
})
