import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'

import { rig } from './rig.ts'

/** Sends bytes as they are, and gives what comes back until the edge closes or has nothing more to say. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  socket.on('error', () => {})
  let got = ''
  socket.on('data', (chunk: string) => {
    got += chunk
    if (/\r\n\r\n[^]*$/.test(got)) socket.end()
  })
  socket.write(text, 'latin1')
  await once(socket, 'close')
  return got
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (fields: string, body: string) => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`
const chunked = (body: string) => post('Transfer-Encoding: chunked', body)

describe('a second request inside of the first never reaches the origin as one', () => {
  test.each(
    Object.entries({
      'as the body of a GET': `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      'as the body of a HEAD': `HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      'as a chunk of a GET': `GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
      'after a length that is a list': post('Content-Length: 0, 0', smuggled),
      'after a length in hexadecimal': post('Content-Length: 0x0', smuggled),
      'after a length with a space in it': post('Content-Length: 0 0', smuggled),
      'after a negative length': post('Content-Length: -1', smuggled),
      'after a length and the coding identity': post(
        'Content-Length: 0\r\nTransfer-Encoding: identity',
        smuggled,
      ),
      'after two codings': post(
        'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
        `0\r\n\r\n${smuggled}`,
      ),
      'after a coding behind a vertical tab': post(
        'Transfer-Encoding: \u000bchunked',
        `0\r\n\r\n${smuggled}`,
      ),
      'after a coding on a folded line': post('Transfer-Encoding:\r\n chunked', `0\r\n\r\n${smuggled}`),
      'after a coding whose name ends in a space': post(
        'Transfer-Encoding : chunked',
        `0\r\n\r\n${smuggled}`,
      ),
      'after a chunk size in other notation': chunked(`0x0\r\n\r\n${smuggled}`),
      'after a chunk size with a sign': chunked(`-1\r\n\r\n${smuggled}`),
      'after a chunk size that overflows': chunked(`10000000000000000\r\n\r\n${smuggled}`),
      'after a chunk size that a bare line feed ends': chunked(`0\n\n${smuggled}`),
      'after a chunk extension that a line feed ends': chunked(`1;a\nb\r\nx\r\n0\r\n\r\n${smuggled}`),
      'after a chunk without its line end': chunked(`1\r\nxx\r\n0\r\n\r\n${smuggled}`),
      'after a carriage return alone in a field': post(
        'X: a\rTransfer-Encoding: chunked',
        `0\r\n\r\n${smuggled}`,
      ),
      'after chunks in HTTP/1.0': `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`,
      'behind the preface of HTTP/2': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`,
      'through a tunnel': `CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n${smuggled}`,
    }),
  )('%s', async (_, text) => {
    await using node = await rig()
    await raw(node.port, text)
    expect(node.seen.map(({ url }) => url)).not.toContain('/smuggled')
    // And the connection to the origin isn't out of step.
    node.answer({ headers: ['Cache-Control: max-age=60'], body: 'good' })
    expect((await node.get('/after')).body).toBe('good')
  })

  test('what comes after the chunks is no field of the request', async () => {
    await using node = await rig()
    await raw(
      node.port,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nAuthorization: admin\r\nX-Late: 1\r\n\r\n',
    )
    expect(node.seen).toHaveLength(1)
    expect(node.seen[0]).toMatchObject({ body: 'x' })
    expect(node.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(node.seen[0]?.headers).not.toHaveProperty('x-late')
  })
})

describe('whom a request is for', () => {
  test('is told by its address before its Host, in the key and to the origin alike', async () => {
    await using node = await rig()
    node.behave((request, response) => {
      response.setHeader('Cache-Control', 'max-age=60')
      response.end(String(request.headers.host))
    })
    await raw(node.port, 'GET http://evil.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n')
    expect(await node.get('/')).toMatchObject({ from: 'origin', body: 'shop.test' })
    expect(await node.get('/', { host: 'evil.test' })).toMatchObject({ from: 'edge', body: 'evil.test' })
  })

  test('has to be one of ours in both notations', async () => {
    await using node = await rig({ hosts: ['shop.test'] })
    const got = await raw(node.port, 'GET http://evil.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n')
    expect(got).toMatch(/^HTTP\/1\.1 421 /)
    expect(node.seen).toHaveLength(0)
  })
})

describe('what only its sender said', () => {
  const unkeyed = [
    'Referer',
    'From',
    'Origin',
    'X-Request-Id',
    'X-Forwarded-Scheme',
    'X-Forwarded-Ssl',
    'Front-End-Https',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-Wap-Profile',
    'True-Client-IP',
    'CF-Connecting-IP',
    'X-Cluster-Client-IP',
    'Max-Forwards',
    'Proxy-Authorization',
    'Content-Type',
    'X-Middleware-Prefetch',
    'X-Original-Host',
  ]

  test.each(unkeyed)('%s is in no page that others get', async (name) => {
    await using node = await rig()
    node.behave((request, response) => {
      response.setHeader('Cache-Control', 'public, max-age=60')
      response.end(JSON.stringify(request.rawHeaders))
    })
    await node.get('/', { headers: { [name]: '"evil' } })
    const victim = await node.get('/')
    expect(victim.from).toBe('edge')
    expect(victim.body).not.toContain('evil')
  })
})

describe('answers that an edge must not take for whole', () => {
  test.each(
    Object.entries({
      'a length and chunks': 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n',
      'two lengths': 'Content-Length: 4\r\nContent-Length: 8\r\n\r\nevilevil',
      'a body that is cut off': 'Content-Length: 40\r\n\r\nevil',
      'chunks that are cut off': 'Transfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n',
      'a field with a bare carriage return': 'X: a\rSet-Cookie: evil\r\nContent-Length: 4\r\n\r\nevil',
    }),
  )('%s', async (_, rest) => {
    await using node = await rig()
    node.behave((_request, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n${rest}`)
    })
    await node.get('/').catch(() => undefined)
    node.answer({ headers: ['Cache-Control: max-age=60'], body: 'good' })
    expect((await node.get('/')).body).toBe('good')
  })
})

describe('news of a page', () => {
  const page = { headers: ['Cache-Control: public, max-age=1', 'ETag: "1"'], body: 'page' }

  test.each(['Set-Cookie: session=ann', 'Cache-Control: private', 'Cache-Control: no-store', 'Vary: *'])(
    'that make it private make it so for the store: %s',
    async (line) => {
      await using node = await rig()
      node.answer(page)
      await node.get('/')
      await node.clock.advance(2_000)
      node.answer({ status: 304, headers: ['ETag: "1"', line], body: '' })
      await node.get('/')
      node.answer({ headers: ['Cache-Control: public, max-age=60'], body: 'for all' })
      const other = await node.get('/')
      expect(other.headers['set-cookie']).toBeUndefined()
      expect(other).toMatchObject({ body: 'for all', from: 'origin' })
    },
  )
})

describe('the purge endpoint', () => {
  const purgeToken = 'correct-horse-battery'

  test.each<Readonly<Record<string, string>>>([
    {},
    { Authorization: '' },
    { Authorization: 'Bearer' },
    { Authorization: 'Bearer undefined' },
    { Authorization: purgeToken },
    { Authorization: `Basic ${purgeToken}` },
    { Authorization: `Bearer ${purgeToken}x` },
    { Authorization: `Bearer ${purgeToken.slice(0, -1)}` },
    { Authorization: `Bearer ${purgeToken.toUpperCase()}` },
    { Cookie: `authorization=Bearer ${purgeToken}` },
    { 'X-Purge-Token': purgeToken },
  ])('does nothing for %j', async (headers) => {
    await using node = await rig({ purgeToken })
    node.answer({ headers: ['Cache-Control: max-age=60', 'Cache-Tag: a'], body: 'page' })
    await node.get('/')
    for (const what of [{}, { 'xkey-purge': 'a' }, { 'x-purge-all': '1' }]) {
      expect((await node.get('/', { method: 'PURGE', headers: { ...headers, ...what } })).status).toBe(403)
    }
    expect((await node.get('/')).from).toBe('edge')
  })

  test('is no other method in disguise', async () => {
    await using node = await rig({ purgeToken })
    node.answer({ headers: ['Cache-Control: max-age=60'], body: 'page' })
    await node.get('/')
    const ask = { 'X-HTTP-Method-Override': 'PURGE', Authorization: `Bearer ${purgeToken}` }
    await node.get('/', { headers: ask })
    for (const method of ['purge', 'BAN', 'SOFTPURGE', 'REFRESH'])
      expect(await raw(node.port, `${method} / HTTP/1.1\r\nHost: shop.test\r\n\r\n`)).toMatch(
        /^(HTTP\/1\.1 400 |$)/,
      )
    expect((await node.get('/')).from).toBe('edge')
  })
})
