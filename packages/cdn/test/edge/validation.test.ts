import { describe, expect, test } from 'vitest'

import { at, rig } from './rig.ts'

const etag = 'ETag: "v1"'

describe('asking the origin whether a page is current', () => {
  test('a stale page with an ETag is asked for by it, and lives on with a 304', async () => {
    await using node = await rig()
    node.answer(
      { headers: ['Cache-Control: max-age=2', etag, 'A: 1', 'B: 1'], body: 'one' },
      { status: 304, headers: ['Cache-Control: max-age=60', etag, 'A: 2', 'Content-Length: 99'] },
    )
    await node.get('/')
    await node.clock.advance(3_000)
    const got = await node.get('/')
    expect(node.seen[1]?.headers['if-none-match']).toBe('"v1"')
    expect(got).toMatchObject({ status: 200, body: 'one' })
    expect(got.headers).toMatchObject({ a: '2', b: '1', 'content-length': '3' })
    await node.clock.advance(30_000)
    expect(await node.get('/')).toMatchObject({ from: 'edge', body: 'one' })
  })

  test('a 304 that names another ETag renews nothing, and the page is asked for as a whole', async () => {
    await using node = await rig()
    node.answer(
      { headers: ['Cache-Control: max-age=2', etag], body: 'one' },
      { status: 304, headers: ['Cache-Control: max-age=60', 'ETag: "v2"'] },
      { headers: ['Cache-Control: max-age=60', 'ETag: "v2"'], body: 'two' },
    )
    await node.get('/')
    await node.clock.advance(3_000)
    expect((await node.get('/')).body).toBe('two')
    expect(node.seen[2]?.headers['if-none-match']).toBeUndefined()
    expect(await node.get('/')).toMatchObject({ from: 'edge', body: 'two' })
  })

  test('a 304 to a question without a condition renews nothing either: the origin has failed', async () => {
    await using node = await rig()
    const foreign = { status: 304, headers: ['Cache-Control: max-age=60', 'ETag: "v2"'] }
    node.answer({ headers: ['Cache-Control: max-age=2', etag], body: 'one' }, foreign)
    await node.get('/')
    await node.clock.advance(3_000)
    expect((await node.get('/')).status).toBe(504)
    expect((await node.get('/')).status).toBe(504)
    expect(node.seen).toHaveLength(5)
    node.answer({ headers: ['Cache-Control: max-age=60', 'ETag: "v2"'], body: 'two' })
    expect(await node.get('/')).toMatchObject({ status: 200, body: 'two', from: 'origin' })
  })

  test('and the old page is served where it may be when the origin fails', async () => {
    await using node = await rig()
    const foreign = { status: 304, headers: ['Cache-Control: max-age=60', 'ETag: "v2"'] }
    node.answer({ headers: ['Cache-Control: max-age=2, stale-if-error=9', etag], body: 'one' }, foreign)
    await node.get('/')
    await node.clock.advance(3_000)
    expect(await node.get('/')).toMatchObject({ status: 200, body: 'one' })
    expect(node.seen).toHaveLength(3)
    await node.clock.advance(9_000)
    expect((await node.get('/')).status).toBe(504)
  })

  test('one with Last-Modified by that', async () => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=2', `Last-Modified: ${at(-100)}`] }, { status: 304 })
    await node.get('/')
    await node.clock.advance(3_000)
    expect((await node.get('/')).status).toBe(200)
    expect(node.seen[1]?.headers['if-modified-since']).toBe(at(-100))
  })

  test('a new page takes the place of the old one', async () => {
    await using node = await rig()
    node.answer(
      { headers: ['Cache-Control: max-age=2', etag], body: 'one' },
      { headers: ['Cache-Control: max-age=60', 'ETag: "v2"'], body: 'two' },
    )
    await node.get('/')
    await node.clock.advance(3_000)
    expect((await node.get('/')).body).toBe('two')
    expect(await node.get('/')).toMatchObject({ body: 'two', from: 'edge' })
  })

  test('no-cache is kept, and asked for each time', async () => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: no-cache, max-age=60', etag], body: 'one' }, { status: 304 })
    await node.get('/')
    for (let i = 1; i < 4; i++) {
      expect((await node.get('/')).body).toBe('one')
      expect(node.seen[i]?.headers['if-none-match']).toBe('"v1"')
    }
  })

  test('the variant that the request selects is the one asked for', async () => {
    await using node = await rig()
    node.behave((request, response) => {
      const language = String(request.headers['accept-language'])
      const headers = { 'Cache-Control': 'max-age=2', Vary: 'Accept-Language', ETag: `"${language}"` }
      const known = request.headers['if-none-match'] === `"${language}"`
      response.writeHead(known ? 304 : 200, headers).end(known ? undefined : language)
    })
    const get = (language: string) => node.get('/', { headers: { 'Accept-Language': language } })
    await get('de')
    await get('en')
    await node.clock.advance(3_000)
    expect((await get('de')).body).toBe('de')
    expect((await get('en')).body).toBe('en')
    expect(node.seen.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      undefined,
      '"de"',
      '"en"',
    ])
  })

  test('a 304 that makes the page private ends its life here', async () => {
    await using node = await rig()
    node.answer(
      { headers: ['Cache-Control: max-age=2', etag], body: 'one' },
      { status: 304, headers: ['Cache-Control: private', etag] },
      { headers: ['Cache-Control: private'], body: 'mine' },
    )
    await node.get('/')
    await node.clock.advance(3_000)
    expect((await node.get('/')).body).toBe('mine')
    expect((await node.get('/')).from).toBe('origin')
  })
})

describe('readers who have the page already', () => {
  const conditional = async (stored: string[], ask: Record<string, string>) => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=60', ...stored], body: 'one' })
    await node.get('/')
    await node.clock.advance(1_000)
    const got = await node.get('/', { headers: ask })
    expect(got.from).toBe('edge')
    return got
  }

  test.each(['"v1"', 'W/"v1"', '"x", "v1"', '"v1","x"', '*'])('If-None-Match: %s is a 304', async (value) => {
    const got = await conditional([etag], { 'If-None-Match': value })
    expect(got).toMatchObject({ status: 304, body: '' })
    expect(got.headers['etag']).toBe('"v1"')
  })

  test.each(['"v2"', '"v1', 'v1'])('If-None-Match: %s is not', async (value) => {
    expect((await conditional([etag], { 'If-None-Match': value })).status).toBe(200)
  })

  test('weak tags match as well', async () => {
    expect((await conditional(['ETag: W/"v1"'], { 'If-None-Match': 'W/"v1"' })).status).toBe(304)
  })

  test('If-None-Match goes before If-Modified-Since', async () => {
    const modified = `Last-Modified: ${at(-100)}`
    const both = (tag: string, since: number) => ({ 'If-None-Match': tag, 'If-Modified-Since': at(since) })
    expect((await conditional([etag, modified], both('"v1"', -200))).status).toBe(304)
    expect((await conditional([etag, modified], both('"v2"', 0))).status).toBe(200)
  })

  test('If-Modified-Since is compared with Last-Modified, else with Date', async () => {
    const since = (seconds: number) => ({ 'If-Modified-Since': at(seconds) })
    expect((await conditional([`Last-Modified: ${at(-100)}`], since(-100))).status).toBe(304)
    expect((await conditional([`Last-Modified: ${at(-100)}`], since(-50))).status).toBe(304)
    expect((await conditional([`Last-Modified: ${at(-100)}`], since(-101))).status).toBe(200)
    expect((await conditional([], since(0))).status).toBe(304)
    expect((await conditional([], since(-1))).status).toBe(200)
  })

  test('a page that had to be asked for is a 304 to them too', async () => {
    await using node = await rig()
    node.answer(
      { headers: ['Cache-Control: max-age=2', etag], body: 'one' },
      { status: 304, headers: [etag] },
    )
    await node.get('/')
    await node.clock.advance(3_000)
    expect((await node.get('/', { headers: { 'If-None-Match': '"v1"' } })).status).toBe(304)
  })

  test('their conditions do not keep the page from being filled', async () => {
    await using node = await rig()
    node.answer({ headers: ['Cache-Control: max-age=60', etag], body: 'one' })
    await node.get('/', { headers: { 'If-None-Match': '"v0"' } })
    expect(node.seen[0]?.headers['if-none-match']).toBeUndefined()
    expect(await node.get('/')).toMatchObject({ body: 'one', from: 'edge' })
  })
})
