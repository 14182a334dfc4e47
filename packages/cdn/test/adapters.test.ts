import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createCache, systemClock } from '@tierstack/cache-core'
import type { Cache, Cached } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterAll, describe, expect, test } from 'vitest'
import {
  cdn,
  edgeHandler,
  edgeMiddleware,
  fastifyEdge,
  genericHttp,
  honoEdge,
  nodeListener,
  staticAssets,
} from '../src/index.ts'
import type { CdnEdge } from '../src/index.ts'
import { fetchOf, vendor } from './vendor.ts'

interface Site {
  readonly edge: CdnEdge
  readonly row: Cached<number, { id: number; version: number }>
  readonly versions: Map<number, number>
}

function site(): Site {
  const provider = genericHttp({ url: 'http://127.0.0.1:9', token: 'token' })
  const edge = cdn({ provider, fetch: fetchOf(vendor(provider, systemClock), systemClock) })
  const tiers = [memory(), edge]
  const cache = createCache({ namespace: 'site', tiers, ttl: '60s', jitter: false }) as unknown as Cache
  const versions = new Map<number, number>()
  const row = cache.define({
    name: 'row',
    load: (id: number) => ({ id, version: versions.get(id) ?? 0 }),
    tags: ({ id }) => [`row-${id}`],
  })
  return { edge, row, versions }
}

/** The same application in each framework: `/rows/7`, `/cookie`, `/broken`, `/stream`. */
const frameworks: Record<string, (site: Site) => Promise<RequestListener>> = {
  'web-standard': async ({ edge, row }) =>
    nodeListener(
      edgeHandler(edge, async (request) => {
        const { pathname } = new URL(request.url)
        if (pathname === '/cookie') return Response.json(await row(1), { headers: { 'set-cookie': 'sid=1' } })
        if (pathname === '/broken') return Response.json(await row(1), { status: 500 })
        if (pathname === '/stream') {
          await row(2)
          return new Response(new Blob(['a'.repeat(10), 'b'.repeat(10)]).stream())
        }
        return Response.json(await row(Number(pathname.split('/')[2])))
      }),
    ),
  'node:http': async ({ edge, row }) => {
    const plan = edgeMiddleware(edge)
    const answer = async (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/cookie') response.setHeader('set-cookie', ['sid=1'])
      if (request.url === '/broken') response.writeHead(500, { 'content-type': 'application/json' })
      if (request.url === '/stream') {
        await row(2)
        response.write('a'.repeat(10))
        response.end('b'.repeat(10))
        return
      }
      const id = Number(request.url?.split('/')[2] ?? 1)
      response.end(JSON.stringify(await row(id)))
    }
    return (request, response) => {
      plan(request, response, () => void answer(request, response))
    }
  },
  Express: async ({ edge, row }) => {
    const app = express()
    app.use(edgeMiddleware(edge))
    app.get('/cookie', (_, response) => row(1).then((value) => void response.cookie('sid', '1').json(value)))
    app.get('/broken', (_, response) => row(1).then((value) => void response.status(500).json(value)))
    app.get('/stream', (_, response) =>
      row(2).then(() => {
        response.write('a'.repeat(10))
        response.end('b'.repeat(10))
      }),
    )
    app.get('/rows/:id', (request, response) =>
      row(Number(request.params.id)).then((value) => void response.json(value)),
    )
    return app
  },
  Fastify: async ({ edge, row }) => {
    const app = fastify()
    fastifyEdge(app, edge)
    app.get('/cookie', (_, reply) => {
      reply.header('set-cookie', 'sid=1')
      return row(1)
    })
    app.get('/broken', (_, reply) => {
      reply.code(500)
      return row(1)
    })
    app.get('/stream', (_, reply) =>
      row(2).then(() => reply.send(Readable.from(['a'.repeat(10), 'b'.repeat(10)]))),
    )
    app.get('/rows/:id', (request) => row(Number((request.params as { id: string }).id)))
    await app.ready()
    return (request, response) => {
      app.routing(request, response)
    }
  },
  Hono: async ({ edge, row }) => {
    const app = new Hono()
    app.use(honoEdge(edge))
    app.get('/cookie', (context) =>
      row(1).then((value) => context.json(value, 200, { 'set-cookie': 'sid=1' })),
    )
    app.get('/broken', (context) => row(1).then((value) => context.json(value, 500)))
    app.get('/stream', (context) =>
      row(2).then(() => context.body(new Blob(['a'.repeat(10), 'b'.repeat(10)]).stream())),
    )
    app.get('/rows/:id', (context) =>
      row(Number(context.req.param('id'))).then((value) => context.json(value)),
    )
    return nodeListener((request) => app.fetch(request))
  },
}

async function served<R>(listener: RequestListener, work: (url: string) => Promise<R>): Promise<R> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

describe.each(Object.entries(frameworks))('%s', (_, make) => {
  test('a page tells its life and its tags, and a reader who has it gets a 304', async () => {
    const own = site()
    await served(await make(own), async (url) => {
      const first = await fetch(`${url}/rows/7`)
      expect(await first.json()).toEqual({ id: 7, version: 0 })
      expect(first.headers.get('cache-control')).toMatch(/^public, max-age=0, s-maxage=(59|60)$/)
      expect(first.headers.get('cache-tag')?.split(',')).toContain('row-7')
      expect(first.headers.get('cache-status')).toBe('tierstack; fwd=miss; stored')
      const etag = first.headers.get('etag') ?? ''
      expect(etag).toMatch(/^(W\/)?".+-[\w-]{8}"$/)
      const again = await fetch(`${url}/rows/7`, { headers: { 'if-none-match': etag } })
      expect(again.status).toBe(304)
      expect(await again.text()).toBe('')
      expect(again.headers.get('cache-tag')?.split(',')).toContain('row-7')
      expect(again.headers.get('cache-status')).toMatch(/^tierstack; hit; /)
      own.versions.set(7, 1)
      await own.row.delete(7)
      const changed = await fetch(`${url}/rows/7`, { headers: { 'if-none-match': etag } })
      expect(await changed.json()).toEqual({ id: 7, version: 1 })
    })
  })

  test('what is for one reader, what failed and what was not read through the cache stays with its reader', async () => {
    await served(await make(site()), async (url) => {
      for (const [path, headers] of [
        ['/cookie', {}],
        ['/broken', {}],
        ['/rows/7', { authorization: 'Basic a' }],
        ['/rows/7', { cookie: 'sid=1' }],
      ] as const) {
        const response = await fetch(`${url}${path}`, { headers })
        await response.text()
        expect([path, response.headers.get('cache-control')]).toEqual([path, 'private, no-store'])
        expect(response.headers.get('cache-tag')).toBeNull()
      }
    })
  })

  test('a body that streams arrives whole, its headers planned', async () => {
    await served(await make(site()), async (url) => {
      const response = await fetch(`${url}/stream`)
      expect(await response.text()).toBe(`${'a'.repeat(10)}${'b'.repeat(10)}`)
      expect(response.headers.get('cache-tag')?.split(',')).toContain('row-2')
    })
  })

  test('readers at once are told apart', async () => {
    await served(await make(site()), async (url) => {
      const ids = Array.from({ length: 20 }, (_, i) => i)
      const tags = await Promise.all(
        ids.map(async (id) => {
          const response = await fetch(`${url}/rows/${id}`)
          await response.text()
          return response.headers
            .get('cache-tag')
            ?.split(',')
            .filter((tag) => tag.startsWith('row-'))
        }),
      )
      expect(tags).toEqual(ids.map((id) => [`row-${id}`]))
    })
  })
})

test('a body too long to hold is passed on as it comes, without a validator', async () => {
  const { edge, row } = site()
  const handler = edgeHandler(
    edge,
    async () => {
      await row(1)
      return new Response('x'.repeat(5_000))
    },
    { maxEtagBytes: 1_000 },
  )
  const response = await handler(new Request('http://site/'))
  expect(response.headers.get('etag')).toBeNull()
  expect((await response.text()).length).toBe(5_000)
})

test('an application’s own validator changes with the tags, and its conditional answer is ours', async () => {
  const { edge, row } = site()
  const handler = edgeHandler(edge, async () => {
    await row(1)
    return new Response('x', { headers: { etag: 'W/"mine"' } })
  })
  const etag = (await handler(new Request('http://site/'))).headers.get('etag') ?? ''
  expect(etag).toMatch(/^W\/"mine-[\w-]{8}"$/)
  const again = await handler(new Request('http://site/', { headers: { 'if-none-match': etag } }))
  expect(again.status).toBe(304)
})

test('a handler that throws leaves no scope open behind it, and the listener answers 500 to nobody else', async () => {
  const { edge } = site()
  const listener = nodeListener(
    edgeHandler(edge, () => Promise.reject(new Error('secret of the application'))),
  )
  await served(listener, async (url) => {
    const response = await fetch(url)
    expect(response.status).toBe(500)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toBe('')
  })
})

test('a body that is there as a whole goes out with its length, one that is still made does not', async () => {
  const listener = nodeListener((request) => {
    if (request.url.endsWith('/whole')) return new Response('whole')
    const parts = ['a', 'b']
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      const part = parts.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(part))
    }
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
  })
  await served(listener, async (url) => {
    const whole = await fetch(`${url}/whole`)
    expect([whole.headers.get('content-length'), await whole.text()]).toEqual(['5', 'whole'])
    const made = await fetch(`${url}/made`)
    expect([made.headers.get('content-length'), await made.text()]).toEqual([null, 'ab'])
  })
})

test('a page goes out whole, also when somebody looked at it on the way, and not when it was used up', async () => {
  const { edge, row } = site()
  const page = edgeHandler(edge, async () => Response.json(await row(1)))
  const listener = nodeListener(async (request) => {
    const response = await page(request)
    if (request.url.endsWith('/seen')) await response.clone().text()
    if (request.url.endsWith('/used')) await response.text()
    return response
  })
  await served(listener, async (url) => {
    const [plain, seen, used] = [await fetch(url), await fetch(`${url}/seen`), await fetch(`${url}/used`)]
    for (const response of [plain, seen]) expect(await response.json()).toEqual({ id: 1, version: 0 })
    expect(plain.headers.get('content-length')).toBe('20')
    expect([used.status, used.headers.get('cache-tag')]).toEqual([500, null])
  })
})

test('a method that no request can have is refused', async () => {
  const listener = nodeListener(() => new Response('never'))
  await served(listener, async (url) => {
    const asked = httpRequest(url, { method: 'TRACE' }).end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([400, 'no-store'])
  })
})

test('a body that fails before its first byte is a bare 500, with nothing of the head that it was to have', async () => {
  const listener = nodeListener(
    () =>
      new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('broken')) }), {
        headers: { 'cache-control': 'public, max-age=60', 'cache-tag': 'row-1', 'set-cookie': 'sid=1' },
      }),
  )
  await served(listener, async (url) => {
    const response = await fetch(url)
    expect(response.status).toBe(500)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect([response.headers.get('cache-tag'), response.headers.get('set-cookie')]).toEqual([null, null])
  })
})

test('a body comes no faster than it is taken, and ends when its reader leaves', async () => {
  let pulled = 0
  let left = () => {}
  const cancelled = new Promise<void>((resolve) => (left = resolve))
  const chunk = new Uint8Array(64 * 1024)
  const listener = nodeListener(
    () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            if (++pulled > 1_024) return controller.close()
            controller.enqueue(chunk)
          },
          cancel: () => left(),
        }),
      ),
  )
  await served(listener, async (url) => {
    const ask = (take: (response: IncomingMessage) => void) =>
      new Promise<void>((resolve) =>
        httpRequest(url, (response) => {
          take(response)
          response.once('close', resolve)
        })
          .on('error', () => {})
          .end(),
      )
    let held = 0
    await ask((response) => {
      void (async () => {
        // Until nothing more fits into the buffers on the way.
        for (let before = -1; before !== pulled;) {
          before = pulled
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
        held = pulled
        response.destroy()
      })()
    })
    await cancelled
    expect(held).toBeLessThan(1_024)
    pulled = 0
    let bytes = 0
    await ask((response) => response.on('data', (some: Buffer) => (bytes += some.length)))
    expect(bytes).toBe(1_024 * chunk.length)
  })
})

test('a request whose address or host would be another’s is refused', async () => {
  let asked = 0
  const listener = nodeListener(() => {
    asked++
    return new Response('x')
  })
  await served(listener, async (url) => {
    const { port } = new URL(url)
    const status = (path: string, host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        httpRequest({ port, path, headers: { host } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })
    expect(await status('http://elsewhere/x', 'site')).toBe(400)
    expect(await status('/x', 'site/../other')).toBe(400)
    expect(await status('/x', 'user@site')).toBe(400)
    expect(asked).toBe(0)
    expect(await status('/x', 'site')).toBe(200)
  })
})

describe('static assets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tierstack-assets-'))
  mkdirSync(join(folder, 'public/js'), { recursive: true })
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'public/index.html'), '<p>hi')
  writeFileSync(join(folder, 'public/js/app.3f9ac21b.js'), 'run()')
  writeFileSync(join(folder, 'public/.env'), 'secret')
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'public/link.txt'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const serve = staticAssets({ folder: join(folder, 'public'), prefix: '/assets/' })
  const ask = (path: string, init?: RequestInit) => serve(new Request(`http://site${path}`, init))

  test('whose names change with their content are immutable, others are asked for again', async () => {
    const hashed = await ask('/assets/js/app.3f9ac21b.js')
    expect(hashed?.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(hashed?.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(await hashed?.text()).toBe('run()')
    const plain = await ask('/assets/index.html')
    expect(plain?.headers.get('cache-control')).toBe('public, max-age=0, must-revalidate')
    expect(plain?.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('that the reader has are not sent again', async () => {
    const etag = (await ask('/assets/index.html'))?.headers.get('etag') ?? ''
    const again = await ask('/assets/index.html', { headers: { 'if-none-match': etag } })
    expect(again?.status).toBe(304)
    expect(await again?.text()).toBe('')
    const head = await ask('/assets/index.html', { method: 'HEAD' })
    expect(head?.headers.get('content-length')).toBe('5')
    expect(await head?.text()).toBe('')
  })

  test('never come from outside of the folder, and no hidden ones', async () => {
    for (const path of [
      '/assets/../secret.txt',
      '/assets/%2e%2e/secret.txt',
      '/assets/..%2fsecret.txt',
      '/assets/js/%2e%2e%2f%2e%2e%2fsecret.txt',
      '/assets/link.txt',
      '/assets/.env',
      '/assets/js',
      '/assets/',
      '/assets/%00',
      '/assets/%zz',
      '/assets/none.js',
      '/index.html',
    ]) {
      expect([path, await ask(path)]).toEqual([path, undefined])
    }
    expect(await ask('/assets/index.html', { method: 'POST' })).toBeUndefined()
  })
})
