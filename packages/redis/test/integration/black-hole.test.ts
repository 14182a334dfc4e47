import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { startRedis, until } from '@tierstack/test-services'
import type { RedisServer } from '@tierstack/test-services'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { redis } from '../../src/index.ts'
import { Proxy } from '../proxy.ts'

/** What a process may go on using its memory, and some for a busy machine. */
const bound = 500 + 100

let server: RedisServer

beforeAll(async () => {
  server = await startRedis()
})

afterAll(() => server.stop())

/** Two caches on one server, of which `cut` goes through a proxy, over a row that both can see. */
async function setUp(namespace: string) {
  const proxy = await Proxy.to(server.url)
  const row = { value: 'old', loads: 0 }
  const [cut, well] = [proxy.url, server.url].map((url) => {
    const cache = createCache({ namespace, tiers: [memory(), redis({ url })] })
    const load = (id: number) => {
      row.loads++
      return Promise.resolve(`${id} ${row.value}`)
    }
    return { cache, item: cache.define({ name: 'item', ttl: '1m', load }) }
  })
  if (!cut || !well) throw new Error('two caches')
  /** Both have the row in memory, and may use it from there for as long as the bus vouches for it. */
  const warm = async () => {
    await until('a hit in both memories', async () => {
      await Promise.all([cut.item(1), well.item(1)])
      // Past the time for which what was just read counts by itself.
      await sleep(600)
      return cut.item.peek(1) !== undefined && well.item.peek(1) !== undefined
    })
  }
  /** The other process commits and removes; resolves to the ms from then on to the last read in `cut` that got the old row. */
  const change = async (value: string) => {
    row.value = value
    await well.item.delete(1)
    const removedAt = performance.now()
    let lastOld = removedAt
    await until(value, async () => {
      // A process that stood still meanwhile read nothing: that isn't to count.
      const began = performance.now()
      if ((await cut.item(1)) === `1 ${value}`) return true
      lastOld = began
      return false
    })
    return lastOld - removedAt
  }
  const close = async () => {
    await Promise.all([cut.cache.close(), well.cache.close()])
    await proxy[Symbol.asyncDispose]()
  }
  await warm()
  return { proxy, row, cut, well, warm, change, close }
}

type SetUp = Awaited<ReturnType<typeof setUp>>

/** The ms until removals of the cut process are confirmed and it hears of those by the other again. */
async function backToNormal({ cut, well, row, warm }: SetUp): Promise<number> {
  const began = performance.now()
  await until('a confirmed removal', async () => (await cut.item.delete(2)).queued.length === 0)
  let heard = false
  const stop = cut.cache.on('invalidate', ({ origin }) => (heard ||= origin === 'bus'))
  await until('an announcement', async () => {
    await well.item.delete(2)
    return heard
  })
  const took = performance.now() - began
  stop()
  await warm()
  row.value = 'last'
  await well.item.delete(1)
  await until('the last row', async () => (await cut.item(1)) === '1 last', { limit: 200 })
  return took
}

test('with everything black-holed, memory counts no longer than the bound, removals are queued, and all is back in 2 s', async () => {
  const both = await setUp('hole-all')
  const { cut, well, row, proxy, change, close } = both
  proxy.blackHole('data', 'subscriber')
  expect(await change('new')).toBeLessThan(bound)
  expect(await well.item(1)).toBe('1 new')
  // Readers get the row all the same, and soon.
  const began = performance.now()
  expect(await cut.item(2)).toBe('2 new')
  expect(performance.now() - began).toBeLessThan(200)
  row.value = 'newer'
  expect(await cut.item.delete(1)).toMatchObject({ confirmed: ['memory'], queued: ['redis'], bus: 'queued' })
  expect(await cut.item(1)).toBe('1 newer')
  // The other process can't know yet. Meanwhile connections are made anew, in vain.
  await sleep(2_000)
  expect(await well.item(1)).toBe('1 new')
  proxy.heal()
  const healedAt = performance.now()
  await until('the queued removal at the other process', async () => (await well.item(1)) === '1 newer')
  expect(performance.now() - healedAt).toBeLessThan(2_000)
  expect(await backToNormal(both)).toBeLessThan(2_000)
  await close()
})

test('with the data connection black-holed, memory counts no longer than the bound, removals are queued, and all is back in 2 s', async () => {
  const both = await setUp('hole-data')
  const { cut, well, row, proxy, change, close } = both
  proxy.blackHole('data')
  expect(await change('new')).toBeLessThan(bound)
  await well.item(1)
  row.value = 'newer'
  expect(await cut.item.delete(1)).toMatchObject({ queued: ['redis'], bus: 'queued' })
  expect(await cut.item(1)).toBe('1 newer')
  proxy.heal()
  const healedAt = performance.now()
  await until('the queued removal at the other process', async () => (await well.item(1)) === '1 newer')
  expect(performance.now() - healedAt).toBeLessThan(2_000)
  expect(await backToNormal(both)).toBeLessThan(2_000)
  await close()
})

test('with the subscriber black-holed, memory counts no longer than the bound, removals go on, and the bus is back in 2 s', async () => {
  const both = await setUp('hole-subscriber')
  const { cut, well, row, proxy, change, close } = both
  proxy.blackHole('subscriber')
  expect(await change('new')).toBeLessThan(bound)
  row.value = 'newer'
  expect(await cut.item.delete(1)).toMatchObject({ queued: [], bus: 'sent' })
  await until('the removal at the other process', async () => (await well.item(1)) === '1 newer', {
    limit: 200,
  })
  proxy.heal()
  expect(await backToNormal(both)).toBeLessThan(2_000)
  await close()
})

for (const role of ['data', 'subscriber'] as const) {
  test(`a ${role} connection that never carries again is replaced soon`, async () => {
    const both = await setUp(`forgotten-${role}`)
    both.proxy.forget(role)
    const forgottenAt = performance.now()
    expect(await both.change('new')).toBeLessThan(bound)
    const changedAt = performance.now()
    const took = await backToNormal(both)
    expect(changedAt - forgottenAt + took).toBeLessThan(2_500)
    await both.close()
  })
}
