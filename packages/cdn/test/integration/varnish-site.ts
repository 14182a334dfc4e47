// The application of the bench on Varnish, in a process of its own as in production: its pages, its cache, and the
// durable queue of purges. `POST /write` changes row 1 and answers when the receipt is there.
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sqliteQueue, varnish } from '../../src/index.ts'
import { startSite, token } from './site.ts'

const [file = ''] = process.argv.slice(2)
let url = ''
const site = await startSite(() => ({
  provider: varnish({ url, token }),
  queue: sqliteQueue({ path: file }),
  inFlight: 0,
  wait: '5s',
}))

type Answer = (response: ServerResponse, asked: URL) => Promise<string>

const answers: Record<string, Answer> = {
  async '/begin'(_, { searchParams }) {
    url = searchParams.get('varnish') ?? ''
    return site.edge.tagFor('row:1')
  },
  async '/nothing'() {
    return ''
  },
  async '/write'() {
    const began = performance.now()
    const { confirmed } = await site.write(1)
    return `${site.rows.get(1)} ${confirmed.join(',')} ${performance.now() - began}`
  },
  async '/tags'(_, { searchParams }) {
    const round = searchParams.get('round')
    const tags = Array.from({ length: 10_000 }, (_, i) => `r${round}:${i}`)
    const began = performance.now()
    const { confirmed } = await site.cache.invalidateTags(tags)
    return `${performance.now() - began} ${confirmed.join(',')}`
  },
}

function listen(request: IncomingMessage, response: ServerResponse): void {
  const asked = new URL(request.url ?? '/', 'http://site')
  const answer = answers[asked.pathname] as Answer
  void answer(response, asked).then((text) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(text) }).end(text)
  })
}

const orders = createServer(listen)
await new Promise<void>((resolve) => orders.listen(0, '127.0.0.1', resolve))
process.send?.({ port: site.port, orders: (orders.address() as AddressInfo).port })
process.on('disconnect', () => {
  orders.closeAllConnections()
  orders.close()
  void site[Symbol.asyncDispose]()
})
