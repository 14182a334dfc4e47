import { memory } from '@tierstack/cache-memory'
import { chaosTier, twoNodes } from '@tierstack/cache-testing'
import type { ChaosTier, TwoNodes } from '@tierstack/cache-testing'
import { expect, test } from 'vitest'
import { createCache } from '../src/index.ts'
import { pair, Source } from './rig.ts'
import type { TestCache } from './rig.ts'

/*
 * While a process hears nothing from the bus, what it holds counts for `suspectTtl` (500 ms) from the instant at which
 * it was certainly current. Whoever reads later than that must not get it, not from a flight either that began before.
 */

const ttl = { ttl: { memory: 100, store: 60_000 }, swr: 10_000 } as const

type Row = (id: number) => Promise<string>

/** The bus is cut from b, which reads the row at 600: certainly current then. At 700 a changes it. */
async function outdate(
  nodes: Pick<TwoNodes<TestCache>, 'bus' | 'clock'>,
  { source, a, b }: { source: Source<string>; a: Row & { delete(id: number): unknown }; b: Row },
): Promise<void> {
  nodes.bus.cut('b')
  await nodes.clock.advance(600)
  expect(await b(1)).toBe('old')
  await nodes.clock.advance(100)
  source.rows.set(1, 'new')
  await a.delete(1)
}

test('a stale answer is not shared with those who come when nobody vouches for it any more', async () => {
  await using nodes = await pair(ttl)
  const source = new Source<string>([[1, 'old']])
  const [a, b] = [nodes.a, nodes.b].map((node) => node.define({ name: 'row', load: source.load }))
  if (a === undefined || b === undefined) throw new Error('two nodes')
  await outdate(nodes, { source, a, b })
  await nodes.clock.advance(350)
  source.hold()
  // At 1,050: past its ttl, within `swr` and within 500 ms.
  expect(await b(1)).toBe('old')
  await nodes.clock.advance(40)
  const before = b(1)
  expect(await before).toBe('old')
  await nodes.clock.advance(20)
  // At 1,110, while the flight of 1,050 still loads.
  const after = b(1)
  await nodes.clock.settle()
  source.release()
  expect(await after).toBe('new')
  expect(source.loads).toHaveLength(2)
})

test('nor is what a refresh fell back to, with those who joined it since', async () => {
  await using nodes = await pair({ ttl: 60_000, staleIfError: 60_000 })
  const source = new Source<string>([[1, 'old']])
  const row = { name: 'row', load: source.load }
  const [a, b] = [nodes.a.define(row), nodes.b.define(row)]
  await outdate(nodes, { source, a, b })
  source.hold()
  source.failing = new Error('the source is down')
  await nodes.clock.advance(300)
  // At 1,000: still counts, and is refreshed ahead since that ends soon.
  expect(await b(1)).toBe('old')
  await nodes.clock.settle()
  expect(source.loads).toHaveLength(2)
  await nodes.clock.advance(150)
  const after = b(1)
  await nodes.clock.settle()
  source.release()
  await expect(after).rejects.toThrow('the source is down')
})

test('nor what it found being loaded by another process', async () => {
  const tiers: ChaosTier<'store'>[] = []
  await using nodes = await twoNodes(({ tier, clock }) => {
    const chaos = chaosTier(tier)
    tiers.push(chaos)
    return createCache({ namespace: 'test', jitter: false, ttl: '1m', clock, tiers: [memory(), chaos] })
  })
  const source = new Source<string>([[1, 'old']])
  const row = { name: 'row', load: source.load }
  const [a, b] = [nodes.a.define(row), nodes.b.define(row)]
  await outdate(nodes, { source, a, b })
  source.hold()
  const loading = a(1)
  await nodes.clock.advance(395)
  // At 1,095: refreshed ahead, and the tier takes its time to say that another process has the lease.
  if (tiers[1]) tiers[1].plan = { lease: { delay: 30 } }
  expect(await b(1)).toBe('old')
  await nodes.clock.advance(10)
  const after = b(1)
  await nodes.clock.settle()
  await nodes.clock.advance(30)
  source.release()
  await nodes.clock.advance(500)
  expect(await after).toBe('new')
  expect(await loading).toBe('new')
})
