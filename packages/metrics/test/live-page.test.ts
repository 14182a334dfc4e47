import { once } from 'node:events'
import { createServer, request as nodeRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { livePage } from '../src/page.ts'
import type { LivePageOptions } from '../src/page.ts'
import { node } from './rig.ts'

const token = 'a token of thirty-two characters'
const headers = { authorization: `Bearer ${token}` }

function page(options: Partial<LivePageOptions> = {}) {
  const own = node()
  const row = own.cache.define({
    name: 'row',
    load: (id: number) => ({ id }),
    tags: (_row, id) => [`row:${id}`],
  })
  const live = livePage(own.cache, { token, prefix: '/live', ...options })
  const ask = async (path: string, init: RequestInit = { headers }) =>
    await live.fetch(new Request(`http://inner${path}`, init))
  const close = async () => {
    live.stop()
    await own[Symbol.asyncDispose]()
  }
  return { ...own, row, live, ask, [Symbol.asyncDispose]: close }
}

type Told = Record<string, unknown>

/** Events of a stream as they come. */
async function* eventsOf(response: Response): AsyncGenerator<{ name: string; told: Told }> {
  let rest = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    rest += Buffer.from(chunk).toString()
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(rest.slice(0, end)) ?? []
      rest = rest.slice(end + 2)
      if (name !== undefined && data !== undefined) yield { name, told: JSON.parse(data) as Told }
    }
  }
}

/** The next event of that name. */
async function next(events: AsyncGenerator<{ name: string; told: Told }>, name: string): Promise<Told> {
  for (;;) {
    const { value, done } = await events.next()
    if (done) throw new Error('the stream ended')
    if (value.name === name) return value.told
  }
}

describe('who may look', () => {
  test('everybody sees a door, under a policy that runs nothing but the own files', async () => {
    await using own = page()
    const door = await own.ask('/live/', {})
    expect(door.status).toBe(200)
    expect(door.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
    expect(await door.text()).not.toContain('shop')
    for (const path of ['/live', '/live?x'])
      expect((await own.ask(path, {})).headers.get('location')).toBe('live/')
    for (const path of ['/live/package.json', '/live/../package.json', '/live/%2e%2e/package.json', '/other'])
      expect((await own.ask(path, {})).status).toBe(404)
  })

  test('nobody sees what flows without the token', async () => {
    await using own = page()
    for (const route of ['flow', 'definitions', 'explain?raw=a', 'stats', 'tail']) {
      expect((await own.ask(`/live/api/${route}`, {})).status).toBe(401)
      expect((await own.ask(`/live/api/${route}`, { headers: { authorization: 'Bearer x' } })).status).toBe(
        401,
      )
    }
    expect((await own.ask('/live/api/act', { method: 'POST', body: '{}' })).status).toBe(401)
  })

  test('without a token nothing is there, the door neither', async () => {
    await using own = page({ token: undefined })
    expect((await own.ask('/live/', {})).status).toBe(404)
    expect((await own.ask('/live/api/flow')).status).toBe(404)
  })
})

describe('what flows', () => {
  test('a beat tells the counters as they stand, by tier and by definition', async () => {
    await using own = page({ queries: () => 41 })
    await own.row(1)
    await own.row(1)
    const told = await next(eventsOf(await own.ask('/live/api/flow')), 'flow')
    expect(told).toMatchObject({
      namespace: 'shop',
      reads: 2,
      tiers: [{ name: 'memory', kind: 'local', state: 'up', hits: 1 }, { name: 'store' }],
      source: { loads: 1, queries: 41 },
      definitions: { total: 2, shown: [{ name: 'row', reads: 2, hits: 1, misses: 1 }, {}] },
    })
  })

  test('the beat goes on while somebody watches, and rates are of what happened in between', async () => {
    await using own = page()
    const events = eventsOf(await own.ask('/live/api/flow'))
    await next(events, 'flow')
    for (let i = 0; i < 100; i++) await own.row(1)
    const told = (await next(events, 'flow')) as unknown as {
      readonly seconds: number
      readonly readsPerSecond: number
      readonly tiers: readonly { readonly hitRate: number }[]
    }
    expect(told.readsPerSecond * told.seconds).toBeCloseTo(100)
    expect(told.tiers[0]?.hitRate).toBeCloseTo(0.99)
  })

  test('of 10,000 definitions a beat tells the busiest, and the filter finds the others', async () => {
    await using own = page()
    for (let i = 0; i < 10_000; i++) own.cache.define({ name: `d${i}`, load: () => i })
    for (let i = 0; i < 3; i++) await own.row(1)
    const { definitions } = (await next(eventsOf(await own.ask('/live/api/flow')), 'flow')) as unknown as {
      readonly definitions: { readonly total: number; readonly shown: readonly { readonly name: string }[] }
    }
    expect(definitions.total).toBe(10_002)
    expect(definitions.shown).toHaveLength(50)
    expect(definitions.shown[0]?.name).toBe('row')
    const found = await own.ask('/live/api/definitions?like=D9999')
    expect(await found.json()).toMatchObject({ total: 1, shown: [{ name: 'd9999' }] })
  })

  test('reads as the application timed them become quantiles by tier', async () => {
    let note: (tier: string | undefined, ms: number) => void = () => {}
    let listening = 0
    await using own = page({
      reads(tell) {
        note = tell
        listening++
        return () => listening--
      },
    })
    expect(listening).toBe(0)
    const response = await own.ask('/live/api/flow')
    const events = eventsOf(response)
    await next(events, 'flow')
    expect(listening).toBe(1)
    for (let i = 1; i <= 100; i++) note('memory', i)
    note(undefined, 500)
    const told = await next(events, 'flow')
    const about = (ms: number) => expect.closeTo(ms, -1) as number
    expect(told).toMatchObject({
      tiers: [{ p50: about(50), p99: about(99) }, { p50: null }],
      source: { p50: about(500) },
    })
    await events.return(undefined)
    await expect.poll(() => listening).toBe(0)
  })
})

describe('what happened', () => {
  test('removals and faults are told once, and again only where they changed', async () => {
    await using own = page()
    await own.cache.invalidateTags(['row:1'])
    const events = eventsOf(await own.ask('/live/api/flow'))
    const first = await next(events, 'timeline')
    expect(first).toMatchObject({
      happenings: [{ kind: 'invalidate', count: 1, text: 'row:1, asked for here' }],
    })
    await own.row.clear()
    expect(await next(events, 'timeline')).toMatchObject({
      happenings: [{ text: 'the definition #row@1, asked for here' }],
    })
  })

  test('who comes back is told what it missed; after a restart of the app all there is', async () => {
    await using own = page()
    await own.cache.invalidateTags(['row:1'])
    const events = eventsOf(await own.ask('/live/api/flow'))
    const { last } = (await next(events, 'timeline')) as { readonly last: number }
    const { run } = (await next(events, 'flow')) as { readonly run: string }
    await events.return(undefined)
    const again = async (of: string) =>
      await next(eventsOf(await own.ask(`/live/api/flow?run=${of}&seen=${last}`)), 'timeline')
    expect((await again(run))['happenings']).toHaveLength(0)
    expect((await again('another'))['happenings']).toHaveLength(1)
  })

  test('with `hideKeys` tags are counted, not told', async () => {
    await using own = page({ hideKeys: true })
    await own.cache.invalidateTags(['row:1', 'row:2'])
    const told = await next(eventsOf(await own.ask('/live/api/flow')), 'timeline')
    expect(told).toMatchObject({ happenings: [{ text: '2 tags, asked for here' }] })
  })

  test('a storm of removals is a few happenings, and many kinds of them are 200', async () => {
    await using own = page()
    for (let i = 0; i < 5_000; i++) await own.cache.invalidateTags([`row:${i}`])
    for (let i = 0; i < 1_000; i++) own.live.note(`note ${i}`)
    const { happenings } = (await next(eventsOf(await own.ask('/live/api/flow')), 'timeline')) as unknown as {
      readonly happenings: readonly { readonly text: string }[]
    }
    expect(happenings).toHaveLength(200)
    expect(happenings.at(-1)?.text).toBe('note 999')
  })
})

describe('buttons', () => {
  const post = (body: object) => ({ method: 'POST', headers, body: JSON.stringify(body) })
  const actions = [
    {
      name: 'greet',
      title: 'Greet',
      about: 'Says hello.',
      fields: [{ name: 'whom', title: 'Whom', value: 'you' }],
      run: ({ whom }: Readonly<Record<string, string>>) => Promise.resolve(`hello ${whom}`),
    },
    { name: 'fail', title: 'Fail', about: 'Fails.', run: () => Promise.reject(new Error('as it must')) },
    { name: 'rest', title: 'Rest', about: 'Not now.', enabled: () => false, run: () => Promise.resolve('') },
  ]

  test('are told with each beat, and say what came of them', async () => {
    await using own = page({ actions })
    const told = await next(eventsOf(await own.ask('/live/api/flow')), 'flow')
    expect(told).toMatchObject({
      actions: [{ name: 'greet', enabled: true }, {}, { name: 'rest', enabled: false }],
    })
    const said = async (body: object) => await (await own.ask('/live/api/act', post(body))).json()
    expect(await said({ name: 'greet' })).toEqual({ said: 'hello you', failed: false })
    expect(await said({ name: 'greet', fields: { whom: 'Ada' } })).toEqual({
      said: 'hello Ada',
      failed: false,
    })
    expect(await said({ name: 'fail' })).toEqual({ said: 'as it must', failed: true })
    expect(await said({ name: 'rest' })).toMatchObject({ error: { code: 'NOT_NOW' } })
    expect(await said({ name: 'none' })).toMatchObject({ error: { code: 'NO_ACTION' } })
    expect(await said({ name: 'greet', fields: { whom: 1 } })).toMatchObject({
      error: { code: 'BAD_REQUEST' },
    })
  })

  test('none can be pressed where the endpoint is read-only', async () => {
    await using own = page({ actions, readOnly: true })
    expect((await own.ask('/live/api/act', post({ name: 'greet' }))).status).toBe(403)
  })

  test('two of one name are refused', () => {
    expect(() => page({ actions: [...actions, ...actions] })).toThrow(
      /actions of different names, got `"greet"`/,
    )
  })
})

describe('readers that are slow or gone', () => {
  async function served(own: ReturnType<typeof page>) {
    const server = createServer((request, response) => own.live.answer(request, response)).listen(
      0,
      '127.0.0.1',
    )
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const open = async (): Promise<IncomingMessage> => {
      const asked = nodeRequest({ port, path: '/live/api/flow', headers, agent: false }).end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      response.on('error', () => {})
      return response
    }
    const close = async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
    return { open, [Symbol.asyncDispose]: close }
  }

  test('one that is gone is forgotten, and nothing is looked at when nobody is left', async () => {
    let watched = false
    await using own = page({
      reads() {
        watched = true
        return () => {
          watched = false
        }
      },
    })
    await using server = await served(own)
    const readers = await Promise.all([server.open(), server.open()])
    expect(watched).toBe(true)
    for (const reader of readers) reader.destroy()
    await expect.poll(() => watched).toBe(false)
  })

  test('the fifty-first page is refused', async () => {
    await using own = page()
    for (let i = 0; i < 50; i++) expect((await own.ask('/live/api/flow')).status).toBe(200)
    expect((await own.ask('/live/api/flow')).status).toBe(503)
  })
})
