import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { startVarnish } from '@tierstack/test-services'
import { describe, expect, test } from 'vitest'
import { cdn, edgeHandler, nodeListener, varnish, varnishVcl } from '../../src/index.ts'
import { purgedFirst } from './purged-first.ts'
import { SlowBus } from './slow-bus.ts'

/** `once` has no second purge; `first` purges before the others are told. */
type Order = 'right' | 'once' | 'first'

const token = 'purge-token-of-the-order'

/** Something that waits until the test lets it pass. */
function gate(): { pass(): Promise<void>; close(): void; open(): void } {
  let shut: Promise<void> | undefined
  let release = () => {}
  return {
    pass: () => shut ?? Promise.resolve(),
    close() {
      shut = new Promise((resolve) => (release = resolve))
    },
    open() {
      shut = undefined
      release()
    },
  }
}

/** Two instances behind one Varnish, whose messages and responses the test can hold. */
async function site(order: Order) {
  const rows = new Map([[1, 1]])
  const messages = gate()
  const responses = gate()
  const listeners: ReturnType<typeof nodeListener>[] = []
  let turn = 0
  const front = createServer((request, response) => {
    if (listeners.length === 0) response.end()
    else listeners[turn]?.(request, response)
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const { port } = front.address() as AddressInfo
  const server = await startVarnish({ vcl: varnishVcl({ backend: { host: '127.0.0.1', port }, token }) })
  const bus = new SlowBus((hand) => void messages.pass().then(hand))
  const instances = [0, 1].map(() => {
    const edge = cdn({
      name: 'edge',
      provider: varnish({ url: server.url, token }),
      inFlight: order === 'right' ? '2s' : 0,
      wait: '5s',
    })
    const cache = createCache({
      namespace: 'order',
      tiers: [memory(), order === 'first' ? purgedFirst(edge) : edge],
      bus: bus.connect(),
      timeouts: { removal: '10s' },
    })
    const row = cache.define({ name: 'row', load: (id: number) => rows.get(id) ?? 0 })
    const handler = edgeHandler(edge, async () => Response.json(await row(1)))
    listeners.push(
      nodeListener(async (request) => {
        const response = await handler(request)
        await responses.pass()
        return response
      }),
    )
    return { cache, row, edge }
  })
  return {
    messages,
    responses,
    instances,
    page: async () => Number(await (await fetch(`${server.url}/`)).text()),
    from: (instance: number) => (turn = instance),
    async write() {
      rows.set(1, 2)
      await instances[0]?.row.delete(1)
    },
    async settled() {
      await expect
        .poll(() => instances.every(({ edge }) => edge.pending === 0), { timeout: 15_000 })
        .toBe(true)
    },
    async [Symbol.asyncDispose]() {
      for (const { cache } of instances) await cache.close()
      front.closeAllConnections()
      front.close()
      await server.stop()
    },
  }
}

describe.each([
  ['right', 2],
  ['once', 1],
  ['first', 1],
] as const)('a page behind a real Varnish, purged %s', (order, shown) => {
  test(`that was under way when its row was removed shows ${shown === 2 ? 'the new row in the end' : 'the old one for good'}`, async () => {
    await using rig = await site(order)
    rig.responses.close()
    const late = rig.page()
    await expect.poll(() => rig.instances[0]?.row.peek(1)).toBe(1)
    await rig.write()
    rig.responses.open()
    expect(await late).toBe(1)
    await rig.settled()
    expect(await rig.page()).toBe(shown)
  })

  test(`made by an instance that was not told yet shows ${shown === 2 ? 'the new row in the end' : 'the old one for good'}`, async () => {
    await using rig = await site(order)
    rig.from(1)
    expect(await rig.page()).toBe(1)
    rig.messages.close()
    await rig.write()
    expect(await rig.page()).toBe(1)
    rig.messages.open()
    await rig.settled()
    expect(await rig.page()).toBe(shown)
  })
})
