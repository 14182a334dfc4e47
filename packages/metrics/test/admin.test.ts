import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { admin } from '../src/admin.ts'
import type { AdminOptions } from '../src/admin.ts'
import { advisor } from '../src/index.ts'
import { node } from './rig.ts'

const token = 'a token of thirty-two characters'

function endpoint(options: Partial<AdminOptions> = {}) {
  const own = node()
  const loaded: number[] = []
  const row = own.cache.define({
    name: 'row',
    version: 3,
    load: (id: number) => {
      loaded.push(id)
      return { id, name: 'Ada' }
    },
    tags: (_row, id) => [`row:${id}`],
  })
  const { fetch, answer } = admin(own.cache, { token, ...options })
  const ask = async (method: string, path: string, body?: object, presented = token) => {
    const response = await fetch(
      new Request(`http://inner${path}`, {
        method,
        headers: { authorization: `Bearer ${presented}` },
        ...(body && { body: JSON.stringify(body) }),
      }),
    )
    return { status: response.status, body: (await response.json()) as Record<string, never> }
  }
  return { ...own, row, loaded, fetch, answer, ask }
}

describe('who may ask', () => {
  test('nobody without the token', async () => {
    await using own = endpoint()
    expect((await own.ask('GET', '/stats', undefined, 'another token, of equal size')).status).toBe(401)
    expect((await own.ask('GET', '/stats', undefined, '')).status).toBe(401)
    expect((await own.fetch(new Request('http://inner/stats'))).status).toBe(401)
    expect((await own.ask('GET', '/stats')).status).toBe(200)
  })

  test('nobody at all when no token is set', async () => {
    for (const none of [undefined, '']) {
      await using own = endpoint({ token: none })
      expect((await own.ask('GET', '/stats', undefined, '')).status).toBe(404)
      expect((await own.ask('GET', '/stats', undefined, 'undefined')).status).toBe(404)
    }
  })

  test('a short token is refused, without being shown', () => {
    expect(() => endpoint({ token: 'short' })).toThrow(/at least 16 characters/)
    expect(() => endpoint({ token: 'short' })).not.toThrow(/short/)
  })

  test('read-only: what changes something is refused', async () => {
    await using own = endpoint({ readOnly: true })
    await own.row(1)
    expect((await own.ask('POST', '/purge', { all: true })).status).toBe(403)
    expect(own.row.peek(1)).toBeDefined()
    expect((await own.ask('GET', '/stats')).status).toBe(200)
  })
})

describe('what is answered', () => {
  test('stats: counters, health and definitions', async () => {
    await using own = endpoint()
    await own.row(1)
    const { body } = await own.ask('GET', '/stats')
    expect(body).toMatchObject({
      stats: { namespace: 'shop', definitions: { row: { misses: 1 } } },
      health: { memory: { state: 'up' }, store: { state: 'up' } },
      definitions: [{ name: 'row', version: '3', namespace: '' }],
    })
  })

  test('top: rates of the next moment and the hottest keys', async () => {
    await using own = endpoint()
    await own.row(1)
    const asked = own.ask('GET', '/top?ms=60')
    for (let i = 0; i < 30; i++) await own.row(1)
    await own.row(2)
    const { body } = await asked
    expect(body).toMatchObject({
      definitions: [
        { name: 'row', hitRate: expect.closeTo(30 / 31) as number },
        { name: '(raw)', hitRate: null },
      ],
      keys: [{ key: '#row@3:n1' }, { key: '#row@3:n2' }],
    })
  })

  test('top hides inputs where asked to', async () => {
    await using own = endpoint({ hideKeys: true })
    await own.row(1)
    const asked = own.ask('GET', '/top?ms=30')
    await own.row(1)
    const { body } = await asked
    expect(body).toMatchObject({ keys: [{ key: expect.stringMatching(/^#row@3:~[\da-f]{8}$/) as string }] })
  })

  test('explain: by full key, by definition and input, or a raw key', async () => {
    await using own = endpoint()
    await own.row(1)
    await own.cache.set('raw key', 1)
    await own.cache.drain()
    const hit = {
      steps: [
        { tier: 'memory', outcome: 'hit' },
        { tier: 'store', outcome: 'hit' },
      ],
    }
    const key = encodeURIComponent(own.row.keyFor(1))
    expect((await own.ask('GET', `/explain?key=${key}`)).body).toMatchObject({ key: '#row@3:n1', ...hit })
    expect((await own.ask('GET', '/explain?definition=row&input=1')).body).toMatchObject(hit)
    expect((await own.ask('GET', '/explain?definition=row%403&input=1')).body).toMatchObject(hit)
    expect((await own.ask('GET', '/explain?raw=raw%20key')).body).toMatchObject(hit)
    expect((await own.ask('GET', '/explain?definition=none&input=1')).status).toBe(404)
    expect((await own.ask('GET', '/explain?definition=row&input=x{')).status).toBe(400)
  })

  test('entry: a shape, and the value only where it may be told', async () => {
    await using own = endpoint()
    await own.row(1)
    const { body } = await own.ask('GET', '/entry?definition=row&input=1')
    expect(body).toMatchObject({
      found: true,
      tier: 'memory',
      tags: ['row:1'],
      shape: { id: 'number', name: 'string(3)' },
    })
    expect(JSON.stringify(body)).not.toContain('Ada')
    await using open = endpoint({ values: true })
    await open.row(1)
    expect((await open.ask('GET', '/entry?definition=row&input=1')).body).toMatchObject({
      value: { name: 'Ada' },
    })
    expect((await own.ask('GET', '/entry?definition=row&input=2')).body).toEqual({
      key: '#row@3:n2',
      found: false,
    })
  })

  test.each([
    ['tags', { tags: ['row:1'] }],
    ['keys', { keys: ['#row@3:n1'] }],
    ['a definition', { definition: 'row', inputs: [1] }],
  ])('invalidate by %s removes the entry everywhere, and answers the receipt', async (_, body) => {
    await using own = endpoint()
    await own.row(1)
    await own.row(2)
    await own.cache.drain()
    const { status, body: receipt } = await own.ask('POST', '/invalidate', body)
    expect(status).toBe(200)
    expect(receipt).toMatchObject({ queued: [], bus: 'sent' })
    expect(new Set(receipt['confirmed'])).toEqual(new Set(['memory', 'store']))
    expect(await own.row.entry(1)).toBeUndefined()
    expect(await own.row.entry(2)).toBeDefined()
  })

  test('a removal that a tier did not confirm is said to be queued', async () => {
    await using own = endpoint()
    await own.row(1)
    await own.cache.drain()
    own.tier.plan = () => 'drop'
    const { body } = await own.ask('POST', '/invalidate', { keys: ['#row@3:n1', '#row@3:n2'] })
    expect(body).toEqual({ confirmed: ['memory'], queued: ['store'], durable: [], bus: 'queued' })
  })

  test('purge: a definition, or everything, but never by accident', async () => {
    await using own = endpoint()
    await own.row(1)
    await own.cache.set('k', 1)
    expect((await own.ask('POST', '/purge', {})).status).toBe(400)
    await own.ask('POST', '/purge', { definition: 'row' })
    expect(own.row.peek(1)).toBeUndefined()
    expect(own.cache.peek('k')).toBe(1)
    await own.ask('POST', '/purge', { all: true })
    expect(own.cache.peek('k')).toBeUndefined()
  })

  test('advice: what an advisor found, where the endpoint has one', async () => {
    await using own = endpoint()
    expect((await own.ask('GET', '/advice')).body).toMatchObject({ error: { code: 'NO_ADVISOR' } })
    const advised = admin(own.cache, { token, advisor: advisor(own.cache) })
    for (let id = 0; id < 30; id++) await own.row(id)
    await own.cache.drain()
    const headers = { authorization: `Bearer ${token}` }
    const response = await advised.fetch(new Request('http://inner/advice', { headers }))
    expect(await response.json()).toMatchObject({ advice: [{ kind: 'never-hit', definition: 'row' }] })
  })

  test('warm loads what is not fresh', async () => {
    await using own = endpoint()
    await own.row(1)
    const { body } = await own.ask('POST', '/warm', { definition: 'row', inputs: [1, 2, 3] })
    expect(body).toMatchObject({ loaded: 2, skipped: 1, errors: [] })
    expect(new Set(own.loaded)).toEqual(new Set([1, 2, 3]))
  })

  test.each([
    ['POST', '/invalidate', { tags: ['a'], keys: ['b'] }, 400],
    ['POST', '/invalidate', { tag: ['a'] }, 400],
    ['POST', '/invalidate', { tags: [1] }, 400],
    ['POST', '/warm', { definition: 'row', inputs: [] }, 400],
    ['POST', '/warm', { definition: 'row', inputs: [1], rate: -1 }, 400],
    ['GET', '/top?ms=x', undefined, 400],
    ['GET', '/tail?events=nothing', undefined, 400],
    ['GET', '/purge', undefined, 405],
    ['GET', '/constructor', undefined, 404],
  ])(
    '%s %s with %j is answered with an error that says what was expected',
    async (method, path, body, status) => {
      await using own = endpoint()
      const answer = await own.ask(method, path, body)
      expect(answer.status).toBe(status)
      expect(answer.body).toMatchObject({
        error: { message: expect.stringMatching(/^Expected|nothing here/) as string },
      })
    },
  )
})

describe('over node:http', () => {
  async function served(own: ReturnType<typeof endpoint>) {
    const server = createServer((request, response) => own.answer(request, response)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const headers = { authorization: `Bearer ${token}` }
    const close = async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
    return { url, headers, [Symbol.asyncDispose]: close }
  }

  test('a body comes through, and one too large is refused', async () => {
    await using own = endpoint()
    await using server = await served(own)
    const post = (body: string) =>
      fetch(`${server.url}/invalidate`, { method: 'POST', headers: server.headers, body })
    expect(await (await post('{"tags":["t"]}')).json()).toMatchObject({ queued: [] })
    expect((await post(`{"tags":["${'x'.repeat(1024 ** 2)}"]}`)).status).toBe(413)
  })

  test('tail: events as they happen, and no listener left when the caller is gone', async () => {
    await using own = endpoint()
    await using server = await served(own)
    const leave = new AbortController()
    const { headers } = server
    const response = await fetch(`${server.url}/tail?events=load,invalidate`, {
      headers,
      signal: leave.signal,
    })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const lines: string[] = []
    const reading = (async () => {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        lines.push(...Buffer.from(chunk).toString().split('\n'))
        if (lines.some((line) => line.startsWith('event: invalidate'))) leave.abort()
      }
    })().catch(() => {})
    await own.row(1)
    await own.cache.invalidateTags('row:1')
    await reading
    expect(lines.find((line) => line.startsWith('data: ') && line.includes('"reason":"miss"'))).toContain(
      '#row@3:n1',
    )
  })
})
