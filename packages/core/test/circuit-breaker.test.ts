import { describe, expect, test } from 'vitest'
import { finish, oneNode } from './rig.ts'

describe('circuit breaker', () => {
  test('one failure does not open it, a success between two neither', async () => {
    await using node = oneNode()
    await node.clock.settle()
    const failing = async (key: string) => {
      node.tier.plan = { lease: 'drop' }
      await node.cache.getOrSet(key, () => 1)
      node.tier.plan = {}
    }
    await failing('a')
    await node.cache.getOrSet('b', () => 1)
    await failing('c')
    expect((await node.cache.health())['store'].state).toBe('up')
    expect(node.cache.stats().tiers['store']?.errors).toBe(2)
  })

  test('open: nothing but one hello at a time reaches the tier, and no reader pays for it', async () => {
    await using node = oneNode({ timeouts: { tier: 50 } })
    await node.clock.settle()
    const asked: string[] = []
    let hellos = 0
    let most = 0
    node.tier.plan = (verb) => {
      asked.push(verb)
      if (verb === 'hello') most = Math.max(most, ++hellos)
      return 'drop'
    }
    for (const key of ['a', 'b']) await node.cache.getOrSet(key, () => 1)
    asked.length = 0
    const began = node.clock.now()
    for (let i = 0; i < 50; i++) await node.cache.getOrSet(`k${i}`, () => i)
    expect(node.clock.now()).toBe(began)
    expect(asked.filter((verb) => verb !== 'hello')).toEqual([])
    node.tier.plan = (verb) => {
      asked.push(verb)
      return 'hang'
    }
    await node.clock.advance(400)
    expect(node.tier.hanging).toBeLessThanOrEqual(1)
  })

  test('half-open: after a hello that is answered the tier is used again', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.tier.plan = () => 'drop'
    for (const key of ['a', 'b', 'c']) await node.cache.getOrSet(key, () => 1)
    expect(node.events.take().filter((line) => line.startsWith('degraded'))).toHaveLength(1)
    await node.clock.advance(5_000)
    node.tier.plan = {}
    await node.clock.advance(1_000)
    expect(node.events.take().filter((line) => /degraded|recovered/.test(line))).toEqual(['recovered store'])
    await node.cache.getOrSet('d', () => 'far')
    await node.cache.drain()
    expect(await node.cache.get('d', { skip: ['memory'] })).toBe('far')
  })

  test('hellos become rarer while nobody answers, up to a bound', async () => {
    await using node = oneNode()
    await node.clock.settle()
    const hellos: number[] = []
    node.tier.plan = (verb) => {
      if (verb === 'hello') hellos.push(node.clock.now())
      return 'drop'
    }
    for (const key of ['a', 'b']) await node.cache.getOrSet(key, () => 1)
    await node.clock.advance(5_000)
    const gaps = hellos.slice(1).map((at, i) => at - (hellos[i] as number))
    expect(gaps.slice(0, 5)).toEqual([50, 100, 200, 400, 500])
    expect(Math.max(...gaps)).toBe(500)
  })

  test('a store that is unreachable from the start: usable at once, joined later', async () => {
    await using node = oneNode()
    node.store.down()
    expect(
      await finish(
        node.clock,
        node.cache.getOrSet('k', () => 'v'),
      ),
    ).toBe('v')
    expect((await node.cache.health())['store'].state).toBe('down')
    node.store.up()
    await node.clock.advance(1_000)
    expect((await node.cache.health())['store'].state).toBe('up')
  })

  test('a lost connection is noticed at once, without a failing request', async () => {
    await using node = oneNode()
    await node.clock.settle()
    node.store.down()
    expect((await node.cache.health())['store'].state).toBe('down')
    expect(node.events.lines).toContain('degraded store error')
  })

  test('an answer that belongs to an earlier connection does not count', async () => {
    await using node = oneNode()
    await node.cache.set('k', 'old')
    node.near.clear()
    node.tier.plan = (verb) => (verb === 'lease' || verb === 'read' ? { delayAnswer: 20 } : undefined)
    const late = node.cache.getOrSet('k', () => 'loaded')
    await node.clock.settle()
    node.store.restart({ keep: 'nothing' })
    await node.clock.advance(20)
    expect(await late).toBe('loaded')
  })
})
