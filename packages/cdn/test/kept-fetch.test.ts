import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { keptFetch } from '../src/engine/kept-fetch.ts'

const call = keptFetch()

interface Site extends AsyncDisposable {
  readonly url: string
  readonly asked: readonly IncomingMessage[]
  readonly connections: () => number
}

async function site(listener: RequestListener): Promise<Site> {
  const asked: IncomingMessage[] = []
  let connections = 0
  const server = createServer((request, response) => {
    asked.push(request)
    listener(request, response)
  }).on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('calls to an edge a hop away', () => {
  test('say what they are given, and give back status, fields and text', async () => {
    await using own = await site((_, response) => {
      response.writeHead(201, { 'Retry-After': '3', 'X-Two': ['a', 'b'] }).end('gr\u00fcn')
    })
    const answer = await call(`${own.url}/a?b=c`, {
      method: 'PURGE',
      headers: { 'xkey-purge': 'n1 n2' },
    })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('Retry-After')).toBe('3')
    expect(answer.headers.get('x-two')).toBe('a, b')
    expect(answer.headers.get('x-three')).toBeNull()
    expect(await answer.text()).toBe('gr\u00fcn')
    expect(own.asked[0]).toMatchObject({ method: 'PURGE', url: '/a?b=c' })
    expect(own.asked[0]?.headers).toMatchObject({ 'xkey-purge': 'n1 n2' })
    expect(own.asked[0]?.headers['accept-encoding']).toBeUndefined()
  })

  test('go out over connections that are kept', async () => {
    await using own = await site((_, response) => response.end())
    for (let i = 0; i < 50; i++) await call(own.url, { method: 'PURGE' })
    expect(own.connections()).toBeLessThan(4)
  })

  test('follow no redirect, which would carry the token elsewhere', async () => {
    await using own = await site((_, response) => response.writeHead(302, { location: '/elsewhere' }).end())
    expect((await call(own.url, {})).status).toBe(302)
    expect(own.asked).toHaveLength(1)
  })

  test('hold no more of a long answer than is looked at', async () => {
    await using own = await site((_, response) => response.end('x'.repeat(5_000_000)))
    expect((await (await call(own.url, {})).text()).length).toBeLessThan(200_000)
  })

  test.each(['before the head', 'after the head'])('end with the reason they are given, %s', async (when) => {
    const control = new AbortController()
    await using own = await site((_, response) => {
      if (when === 'after the head') response.writeHead(200).write('a')
      setImmediate(() => control.abort(new Error('no answer within 5 ms')))
    })
    await expect(call(own.url, { signal: control.signal })).rejects.toThrow('no answer within 5 ms')
  })

  test('fail when nobody listens, and when the answer is cut', async () => {
    await expect(call('http://127.0.0.1:1/', {})).rejects.toThrow('ECONNREFUSED')
    await using own = await site((_, response) => {
      response.writeHead(200, { 'content-length': '9' }).write('a', () => response.destroy())
    })
    await expect(call(own.url, {})).rejects.toThrow('other side closed')
  })
})
