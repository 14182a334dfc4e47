import { describe, expect, test } from 'vitest'

import { at, rig } from './rig.ts'
import type { Ask, Script } from './rig.ts'

async function secondFrom(script: Script, first: Ask = {}, second: Ask = {}): Promise<string> {
  await using node = await rig()
  node.answer(script)
  await node.get('/page', first)
  return (await node.get('/page', second)).from
}

const cached = (...headers: string[]): Script => ({ headers: ['Cache-Control: max-age=60', ...headers] })
const said = (control: string, ...headers: string[]): Script => ({
  headers: [`Cache-Control: ${control}`, ...headers],
})

describe('what a response says', () => {
  test.each([
    'no-store',
    'No-StOrE, max-age=60',
    'max-age=60, no-store',
    'private, max-age=60',
    'private, private="a", max-age=60',
    'max-age=60; private',
    'max-age=60 no-store',
    'private=, max-age=60',
    `private='', max-age=60`,
    'ext="never closed, max-age=60, private',
  ])('%s is not kept', async (control) => {
    expect(await secondFrom(said(control))).toBe('origin')
  })

  test.each([203, 204, 299, 301, 302, 307, 308, 400, 404, 410, 499, 500, 503, 599])(
    'a %i with a life of its own is kept',
    async (status) => {
      expect(await secondFrom({ ...cached(), status, ...(status === 204 && { body: '' }) })).toBe('edge')
    },
  )

  test('must-understand keeps what it knows, whatever no-store says, and nothing else', async () => {
    const control = ['Cache-Control: max-age=60, no-store, must-understand']
    expect(await secondFrom({ status: 200, headers: control })).toBe('edge')
    expect(await secondFrom({ status: 599, headers: control })).toBe('origin')
  })

  test('fields named by no-cache and private are kept out of the store', async () => {
    await using node = await rig()
    node.answer(said('no-cache="a, b", private="c", max-age=60', 'A: 1', 'B: 2', 'C: 3', 'D: 4'))
    expect((await node.get('/')).headers).toMatchObject({ a: '1', b: '2', c: '3', d: '4' })
    const { headers, from } = await node.get('/')
    expect(from).toBe('edge')
    expect(headers).toMatchObject({ d: '4' })
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['a']))
    expect([headers['a'], headers['b'], headers['c']]).toEqual([undefined, undefined, undefined])
  })

  test('fields of the connection are neither kept nor passed on', async () => {
    await using node = await rig()
    node.answer(
      cached('Connection: a, b', 'A: 1', 'B: 2', 'C: 3', 'Proxy-Authenticate: x', 'TE: y', 'Keep-Alive: z'),
    )
    for (const from of ['origin', 'edge']) {
      const got = await node.get('/')
      expect(got.from).toBe(from)
      expect(got.headers).toMatchObject({ c: '3' })
      for (const name of ['a', 'b', 'proxy-authenticate', 'te']) expect(got.headers[name]).toBeUndefined()
      expect(got.headers['keep-alive']).not.toBe('z')
    }
  })

  test('all other fields are kept, the repeated ones too', async () => {
    await using node = await rig()
    node.answer(cached('X: 1', 'X: 2', 'Content-Type: text/plain', 'Location: /a', 'Content-MD5: abc'))
    await node.get('/')
    const { headers } = await node.get('/')
    expect(headers).toMatchObject({
      x: '1, 2',
      'content-type': 'text/plain',
      location: '/a',
      'content-md5': 'abc',
    })
  })

  test('a response that sets a cookie is passed on and not kept', async () => {
    expect(await secondFrom(cached('Set-Cookie: a=b'))).toBe('origin')
    expect(await secondFrom(said('public, max-age=60', 'Set-Cookie: a=b'))).toBe('origin')
  })
})

describe('who asked', () => {
  const authorized: Ask = { headers: { Authorization: 'Basic x' } }
  const visitor: Ask = { headers: { Cookie: 'session=1' } }

  test('what was answered to somebody known is for nobody else', async () => {
    expect(await secondFrom(cached(), authorized)).toBe('origin')
    expect(await secondFrom(cached(), visitor)).toBe('origin')
  })

  test.each(['public, max-age=60', 's-maxage=60'])('%s makes it for everybody', async (control) => {
    expect(await secondFrom(said(control), authorized)).toBe('edge')
    expect(await secondFrom(said(control), visitor)).toBe('edge')
  })

  test('must-revalidate allows it for Authorization (RFC 9111, section 3.5)', async () => {
    expect(await secondFrom(said('max-age=60, must-revalidate'), authorized)).toBe('edge')
    expect(await secondFrom(said('max-age=60, must-revalidate'), visitor)).toBe('origin')
  })

  test('what is for everybody is given to somebody known too', async () => {
    expect(await secondFrom(cached(), {}, visitor)).toBe('edge')
    expect(await secondFrom(cached(), {}, authorized)).toBe('edge')
  })

  test('the credentials reach the origin', async () => {
    await using node = await rig()
    await node.get('/', { headers: { Authorization: 'Basic x', Cookie: 'a=b' } })
    expect(node.seen[0]?.headers).toMatchObject({ authorization: 'Basic x', cookie: 'a=b' })
  })
})

describe('keys', () => {
  test('paths, queries and hosts are told apart', async () => {
    await using node = await rig()
    node.answer(cached())
    for (const [path, host] of [
      ['/a', 'x.test'],
      ['/a?', 'x.test'],
      ['/a?b=1', 'x.test'],
      ['/a?b=2', 'x.test'],
      ['/a', 'y.test'],
      ['/%61', 'x.test'],
      ['/a', 'x.test:81'],
    ] as const) {
      expect((await node.get(path, { host })).from).toBe('origin')
      expect((await node.get(path, { host })).from).toBe('edge')
    }
    expect((await node.get('/a', { host: 'X.TEST' })).from).toBe('edge')
    expect((await node.get('http://x.test/a', { host: 'other.test' })).from).toBe('edge')
  })

  test('HEAD is answered from what GET brought', async () => {
    await using node = await rig()
    node.answer({ ...cached(), body: '12345' })
    await node.get('/')
    const got = await node.get('/', { method: 'HEAD' })
    expect(got).toMatchObject({ from: 'edge', status: 200, body: '' })
    expect(got.headers['content-length']).toBe('5')
  })

  test('a HEAD is passed on where nothing is kept, and brings nothing', async () => {
    await using node = await rig()
    node.answer(cached())
    await node.get('/', { method: 'HEAD' })
    expect(node.seen[0]?.method).toBe('HEAD')
    expect((await node.get('/')).from).toBe('origin')
  })
})

test('a response without a Date gets one when it is kept', async () => {
  await using node = await rig()
  node.behave((_, response) => {
    response.removeHeader('Date')
    response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('x')
  })
  await node.get('/')
  await node.clock.advance(5_000)
  expect((await node.get('/')).headers['date']).toBe(at(0))
})

test('only-if-cached is answered from here or not at all', async () => {
  await using node = await rig()
  node.answer(cached())
  const only = { headers: { 'Cache-Control': 'only-if-cached' } }
  expect((await node.get('/', only)).status).toBe(504)
  await node.get('/')
  expect(await node.get('/', only)).toMatchObject({ status: 200, from: 'edge' })
  expect(node.seen).toHaveLength(1)
})

test('1xx responses reach the reader who caused the fetch, and are not kept', async () => {
  await using node = await rig()
  node.behave((_, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('x')
  })
  const { request } = await import('node:http')
  const hints = () =>
    new Promise<string[]>((resolve, reject) => {
      const links: string[] = []
      request({ port: node.port, headers: { host: 'shop.test' }, agent: false })
        .on('information', (early) => links.push(String(early.headers['link'])))
        .on('response', (response) => response.resume().on('end', () => resolve(links)))
        .on('error', reject)
        .end()
    })
  expect(await hints()).toEqual(['</a.css>; rel=preload'])
  expect(await hints()).toEqual([])
})

test('how long the origin took for a page is told with its own answer, and not with those from the store', async () => {
  await using node = await rig()
  node.answer({ headers: ['Cache-Control: max-age=60', 'Server-Timing: db;dur=12'] })
  expect((await node.get('/page')).headers['server-timing']).toBe('db;dur=12')
  const again = await node.get('/page')
  expect([again.from, again.headers['server-timing']]).toEqual(['edge', undefined])
})
