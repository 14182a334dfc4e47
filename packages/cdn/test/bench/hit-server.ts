import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memory } from '@tierstack/cache-memory'
import { Agent, cacheStores, interceptors } from 'undici'

import { edge } from '../../src/edge/index.ts'

// One server of the comparison, in a process of its own, so that its CPU time is its own.
const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(1_011) }))
const page = ['Content-Type', 'application/json', 'Cache-Control', 'public, max-age=3600', 'ETag', '"v1"']
const date = new Date().toUTCString()

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const origin = async (): Promise<string> => {
  const port = await listen((_, response) => {
    response.writeHead(200, [...page, 'Content-Length', String(body.length)]).end(body)
  })
  return `http://127.0.0.1:${port}`
}

/** Sends what the edge sends, and does nothing else. */
function bare(): RequestListener {
  const head = [...page, 'Date', date, 'Content-Length', String(body.length), 'Age', '1']
  head.push('Cache-Status', 'edge; hit; ttl=3599')
  return (_, response) => {
    response.writeHead(200, 'OK', head)
    response.end(body)
  }
}

async function embedded(): Promise<RequestListener> {
  return edge({ tiers: [memory()], origin: await origin() }).listener
}

async function undiciCache(): Promise<RequestListener> {
  const store = new cacheStores.MemoryCacheStore()
  const agent = new Agent().compose(interceptors.cache({ store, type: 'shared' }))
  const from = await origin()
  return (request, response) => {
    void agent
      .request({ origin: from, path: String(request.url), method: 'GET', responseHeaders: 'raw' })
      .then((answer) => {
        response.writeHead(answer.statusCode, answer.headers as unknown as string[])
        answer.body.pipe(response)
      })
  }
}

const kinds = { bare, edge: embedded, undici: undiciCache }
const port = await listen(await kinds[process.argv[2] as keyof typeof kinds]())
let before = process.cpuUsage()
process.on('message', (message) => {
  if (message === 'begin') {
    before = process.cpuUsage()
    process.send?.('begun')
  } else process.send?.(process.cpuUsage(before))
})
process.on('disconnect', () => process.exit())
process.send?.({ port, bytes: body.length })
