import { describe, expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { chaosTier, fakeClock, processStore } from '@tierstack/cache-testing'
import { createCache, noShelf } from '../src/index.ts'
import { Source } from './rig.ts'

function chain() {
  const clock = fakeClock()
  const [host, fleet] = [processStore({ clock }), processStore({ clock })]
  const middle = chaosTier(host.tier({ name: 'host', node: 'a' }))
  const far = chaosTier(fleet.tier({ name: 'fleet', node: 'a' }))
  const near = memory()
  const order: string[] = []
  const spied = {
    ...near,
    kind: 'local' as const,
    name: 'memory' as const,
    size: 0,
    bytes: 0,
    open: near.open.bind(near),
    inspect: near.inspect.bind(near),
    amend: near.amend.bind(near),
    shelf: () => noShelf,
    clear: near.clear.bind(near),
    keys: near.keys.bind(near),
    get(key: string) {
      order.push('memory get')
      return near.get(key)
    },
    set(key: string, entry: Parameters<typeof near.set>[1]) {
      order.push('memory set')
      return near.set(key, entry)
    },
    delete(key: string) {
      order.push('memory delete')
      return near.delete(key)
    },
  }
  for (const tier of [middle, far]) tier.plan = (verb) => void order.push(`${tier.name} ${verb}`)
  const cache = createCache({ namespace: 'test', clock, jitter: false, tiers: [spied, middle, far] })
  return { cache, clock, middle, far, order, near }
}

describe('order rule', () => {
  test('reads walk near to far', async () => {
    const { cache, clock, order } = chain()
    await clock.settle()
    order.length = 0
    await cache.get('k')
    expect([...new Set(order)]).toEqual(['memory get', 'host read', 'fleet read'])
  })

  test('a near hit asks nobody further away', async () => {
    const { cache, clock, order, near } = chain()
    await clock.settle()
    await cache.set('k', 'v')
    order.length = 0
    await cache.get('k')
    expect(order).toEqual(['memory get'])
    near.clear()
    order.length = 0
    await cache.get('k')
    expect(order.filter((line) => line.startsWith('fleet'))).toEqual([])
  })

  test('removals drop the near copy at once, and walk the rest far to near', async () => {
    const { cache, clock, order } = chain()
    await clock.settle()
    await cache.set('k', 'v')
    order.length = 0
    await cache.delete('k')
    const deletes = order.filter((line) => line.endsWith('delete'))
    expect(deletes).toEqual(['memory delete', 'fleet delete', 'host delete'])
  })

  test('stores walk far to near behind the reader', async () => {
    const { cache, clock, order } = chain()
    await clock.settle()
    await cache.getOrSet('k', () => 'v')
    await cache.drain()
    expect(order.filter((line) => line.endsWith('fill'))).toEqual(['fleet fill', 'host fill'])
    order.length = 0
    await cache.set('l', 'v')
    expect(order.filter((line) => /take|fill|memory set/.test(line))).toEqual([
      'fleet take',
      'host take',
      'fleet fill',
      'host fill',
      'memory set',
    ])
  })

  test('a reader who comes while a removal is under way never brings the old far value back near', async () => {
    for (const slow of ['fleet', 'host'] as const) {
      const { cache, clock, middle, far } = chain()
      await clock.settle()
      const source = new Source([['k', 'v1']])
      const read = () => cache.getOrSet('k', () => source.load('k'))
      await read()
      await cache.drain()
      source.rows.set('k', 'v2')
      const tier = slow === 'fleet' ? far : middle
      tier.plan = (verb) => (verb === 'delete' ? { delay: 40 } : undefined)
      const removal = cache.delete('k')
      await clock.advance(10)
      await read()
      await clock.advance(20)
      await read()
      await clock.advance(20)
      await removal
      expect(await read()).toBe('v2')
      await cache.drain()
      expect(await cache.get('k', { skip: ['memory'] })).toBe('v2')
      expect(await cache.get('k', { skip: ['memory', 'host'] })).toBe('v2')
    }
  })
})
