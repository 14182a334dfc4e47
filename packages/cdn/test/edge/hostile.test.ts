import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { targetOf } from '../../src/edge/cache-key.ts'
import { rig } from './rig.ts'
import type { Rig } from './rig.ts'

/** Sends bytes as they are, and gives what comes back until the edge closes or has answered `answers` times. */
async function raw(port: number, text: string, answers = 1): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  socket.on('error', () => {})
  socket.write(text, 'latin1')
  let got = ''
  socket.on('data', (chunk: string) => {
    got += chunk
    if (got.split('HTTP/1.1 ').length - 1 >= answers && /\r\n\r\n[^]*$/.test(got)) socket.end()
  })
  await once(socket, 'close')
  return got
}

const cached = { headers: ['Cache-Control: max-age=60'], body: 'page' }

describe('poisoning', () => {
  const unkeyed = [
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Port',
    'X-Forwarded-Prefix',
    'X-Forwarded-Server',
    'X-Forwarded-For',
    'Forwarded',
    'X-Host',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'X-Real-IP',
    'X-Anything',
  ]

  test.each(unkeyed)('%s from a reader does not reach the origin', async (name) => {
    await using node = await rig()
    await node.get('/', { headers: { [name]: 'evil.test' } })
    expect(JSON.stringify(node.seen[0]?.headers)).not.toContain('evil')
  })

  test('the origin hears who is asked, and by whom, from the edge', async () => {
    await using node = await rig()
    await node.get('/')
    expect(node.seen[0]?.headers).toMatchObject({
      host: 'shop.test',
      via: '1.1 edge',
      'x-forwarded-host': 'shop.test',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
    })
  })

  test('fields that are listed reach it', async () => {
    await using node = await rig({ forward: ['X-Country'] })
    await node.get('/', { headers: { 'X-Country': 'de', 'X-Other': 'evil' } })
    expect(node.seen[0]?.headers['x-country']).toBe('de')
    expect(node.seen[0]?.headers['x-other']).toBeUndefined()
  })

  test('a body of a GET is no way to change the page that others get', async () => {
    await using node = await rig()
    node.answer(cached)
    const fat = { body: 'evil=1' }
    expect((await node.get('/', fat)).from).toBe('origin')
    expect((await node.get('/')).from).toBe('origin')
    expect((await node.get('/', fat)).from).toBe('origin')
  })

  test('hosts that are not served get nothing', async () => {
    await using node = await rig({ hosts: ['shop.test'] })
    expect((await node.get('/', { host: 'evil.test' })).status).toBe(421)
    expect((await node.get('/', { host: 'shop.test' })).status).toBe(200)
    expect(node.seen).toHaveLength(1)
  })

  test('a loop ends', async () => {
    await using node = await rig()
    const got = await node.get('/', { headers: { Via: '1.1 edge, 1.1 edge, 1.1 edge' } })
    expect(got.status).toBe(508)
  })
})

describe('request smuggling', () => {
  const shapes: Readonly<Record<string, string>> = {
    'a length and chunks':
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG',
    'two lengths': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'a length with a sign': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na',
    'chunks spelt oddly': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'chunks that are not last':
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n',
    'a space before the colon': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\na',
    'a folded line': 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Content-Length: 5\r\n\r\n',
    'a bare line feed': 'GET / HTTP/1.1\nHost: a\nContent-Length: 5\n\n',
    'two hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'no host': 'GET / HTTP/1.1\r\n\r\n',
    'a host with a path': 'GET / HTTP/1.1\r\nHost: a/../b\r\n\r\n',
    'a host with credentials': 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n',
    'a space in the path': 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
    'a nul in a field': 'GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n',
    'huge fields': `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    'a stripped credential':
      'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nConnection: Authorization\r\n\r\n',
    'a stripped cookie': 'GET / HTTP/1.1\r\nHost: a\r\nCookie: x\r\nConnection: close, cookie\r\n\r\n',
  }

  test.each(Object.entries(shapes))('%s is refused, and the origin hears nothing', async (_, text) => {
    await using node = await rig()
    const got = await raw(node.port, text)
    expect(got.startsWith('HTTP/1.1 4') || got === '').toBe(true)
    expect(got.split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(1)
    expect(node.seen).toHaveLength(0)
  })

  test('a switch of protocol does not go through', async () => {
    await using node = await rig()
    await raw(
      node.port,
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n',
    )
    expect(node.seen[0]?.headers).not.toHaveProperty('upgrade')
    expect(node.seen[0]?.headers).not.toHaveProperty('http2-settings')
  })

  test('a body longer than its length is not the beginning of another answer', async () => {
    await using node = await rig()
    node.behave((_, response) => {
      response.socket?.end(
        'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nCache-Control: max-age=60\r\n\r\npageHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
      )
    })
    await Promise.allSettled([node.get('/'), node.get('/other')])
    node.answer({ ...cached, body: 'good' })
    for (const path of ['/', '/other', '/third']) expect((await node.get(path)).body).not.toContain('evil')
  })
})

describe('keys', () => {
  test('no two targets share one', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '/', ':', '?', '%', '.', '1', '\u0001', '\u0002', ' '),
      maxLength: 12,
    })
    const seen = new Map<string, string>()
    fc.assert(
      fc.property(text, text, (host, path) => {
        const target = targetOf(host, `/${path}`)
        if (target === undefined) return
        const known = seen.get(target.key)
        const name = `${target.host} ${target.path}`
        expect(known ?? name).toBe(name)
        seen.set(target.key, name)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each(['a/b', 'a b', 'a@b', 'a,b', '', 'a\r\nb', 'a:port', '[::1', 'a..:1:2'])(
    '%j is no host',
    (host) => {
      expect(targetOf(host, '/')).toBeUndefined()
    },
  )

  test.each(['*', 'a', '', '/a b', '/ü', 'ftp://a/', 'http://', '/\u0001'])('%j is no path', (path) => {
    expect(targetOf('a', path)).toBeUndefined()
  })
})

describe('web cache deception', () => {
  const account = (type: string, ...more: string[]) => ({
    headers: ['Cache-Control: public, max-age=60', `Content-Type: ${type}`, ...more],
    body: 'account of Ann',
  })

  test.each(['/account/x.css', '/account/x.js?v=1', '/api/me.png', '/account/a.WOFF2'])(
    'a page under the name of an asset is not kept: %s',
    async (path) => {
      await using node = await rig()
      for (const type of [
        'text/html; charset=utf-8',
        'application/json',
        'application/vnd.api+json',
        'application/xhtml+xml',
        'text/xml',
        '',
      ]) {
        node.answer(account(type))
        await node.get(path, { headers: { Cookie: 'session=ann' } })
        expect((await node.get(path)).from).toBe('origin')
      }
    },
  )

  test('an asset is', async () => {
    await using node = await rig()
    node.answer(account('text/css'))
    await node.get('/a.css')
    expect((await node.get('/a.css')).from).toBe('edge')
  })

  test('the path is what was sent, encoded or not', async () => {
    await using node = await rig()
    node.answer(cached)
    for (const path of ['/account', '/account%2Fx.css', '/account;x.css', '/account%00.css', '/a/../account'])
      expect((await node.get(path)).from).toBe('origin')
    expect(node.seen.map(({ url }) => url)).toContain('/a/../account')
  })
})

describe('what is private stays so', () => {
  const control = fc
    .subarray([
      'public',
      'max-age=60',
      's-maxage=60',
      'must-revalidate',
      'private',
      'no-store',
      'no-cache',
      'immutable',
      'stale-while-revalidate=60',
    ])
    .map((parts) => parts.join(', '))

  async function leaks(
    node: Rig,
    path: string,
    headers: readonly string[],
    ask: Record<string, string>,
  ): Promise<boolean> {
    node.answer({ headers, body: 'mine' })
    await node.get(path, { headers: ask })
    node.answer({ body: 'nobody' })
    return (await node.get(path)).body === 'mine'
  }

  test(
    'an answer to somebody known reaches others only when it says that it may',
    { timeout: 60_000 },
    async () => {
      await using node = await rig({ heuristic: '1d', staleIfError: '1h' })
      let paths = 0
      await fc.assert(
        fc.asyncProperty(
          control,
          fc.option(control, { nil: undefined }),
          fc.constantFrom({ Authorization: 'x' }, { Cookie: 'a=b' }, {}),
          fc.boolean(),
          async (own, targeted, ask, setsCookie) => {
            const headers = [
              `Cache-Control: ${own}`,
              ...(targeted === undefined ? [] : [`CDN-Cache-Control: ${targeted}`]),
              ...(setsCookie ? ['Set-Cookie: session=mine'] : []),
              'ETag: "1"',
            ]
            const leaked = await leaks(node, `/${paths++}`, headers, ask)
            const counts = targeted === undefined || targeted === '' ? own : targeted
            const forbidden = /private|no-store/.test(counts) || setsCookie
            const known = Object.keys(ask).length > 0
            const consent =
              /public|s-maxage/.test(counts) ||
              counts !== own ||
              targeted === own ||
              ('Authorization' in ask && /must-revalidate/.test(counts))
            expect(leaked && (forbidden || (known && !consent))).toBe(false)
          },
        ),
        { numRuns: 120 },
      )
    },
  )
})

describe('injection', () => {
  test('no tag, key or field can add a line to a response', async () => {
    await using node = await rig({ purgeToken: 'correct-horse-battery' })
    node.answer({
      headers: ['Cache-Control: max-age=60', 'xkey: a%0d%0aX-Evil:1', 'Location: /%0d%0aX-Evil:1'],
    })
    for (const path of ['/%0d%0aX-Evil:1', '/?q=%0d%0aX-Evil:1']) {
      for (let i = 0; i < 2; i++) expect((await node.get(path)).headers).not.toHaveProperty('x-evil')
    }
    const purged = await node.get('/%0d%0a', {
      method: 'PURGE',
      headers: { Authorization: 'Bearer correct-horse-battery', 'xkey-purge': 'a"\\' },
    })
    expect(JSON.parse(purged.body)).toEqual({ purged: ['a"\\'] })
  })
})
