import { systemClock } from '@tierstack/cache-core'
import { startRedis, until } from '@tierstack/test-services'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { openOnly, openTier } from '../rig.ts'
import type { Opened } from '../rig.ts'

function lost(opened: Opened, count = 1): Promise<void> {
  return until('a loss', () => Promise.resolve(opened.losses.length >= count))
}

test('a server that is not there keeps nobody waiting, and is found when it comes', async () => {
  await using server = await startRedis()
  await server.kill()
  await using opened = openOnly({ url: server.url })
  const began = systemClock.now()
  await expect(opened.tier.hello()).rejects.toThrow(/ECONNREFUSED|closed/)
  expect(systemClock.now() - began).toBeLessThan(1_000)
  await expect(opened.tier.read(['k'])).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' })
  await server.restart()
  await opened.join()
  await opened.put('k', '1')
  expect(await opened.get('k')).toBe('1')
})

test('a restarted empty server is another history', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  const before = await opened.join()
  const fence = await opened.fenceFor('k')
  await server.kill()
  await lost(opened)
  await expect(opened.tier.read(['k'])).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' })
  await server.restart()
  expect(await opened.join()).not.toBe(before)
  expect(await opened.fill('k', fence)).toBe('fenced')
  await opened.live()
  expect(opened.heard).toContain('gap')
})

test('a server restarted from an old snapshot gives nothing back that was removed since', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  const before = await opened.join()
  await opened.put('k', 'old')
  const { tagClock } = await opened.coherence.lease(['other'], 10_000, true)
  await server.command('SAVE')
  await opened.tier.delete(['k'])
  await opened.coherence.invalidate(['t'], false)
  await server.kill()
  await server.restart()
  await lost(opened)
  expect(await opened.join()).not.toBe(before)
  expect(await opened.get('k')).toBeUndefined()
  expect(await opened.coherence.stampTags(['t'], tagClock)).toEqual([undefined])
})

test('a restart behind a connection that survives it is noticed by the next script', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  const before = await opened.join()
  // As seen by us, a proxy that goes over to a server which doesn't know our scripts.
  await server.command('SCRIPT', 'FLUSH')
  await expect(opened.tier.delete(['k'])).rejects.toThrow(/NOSCRIPT/)
  expect(opened.losses).toHaveLength(1)
  await expect(opened.tier.read(['k'])).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' })
  expect(await opened.join()).toBe(before)
})

test('a flushed server gets a new epoch, and old loads store nothing', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  const before = await opened.join()
  const fence = await opened.fenceFor('k')
  const { tagClock } = await opened.coherence.lease(['other'], 10_000, true)
  await server.command('FLUSHALL')
  await lost(opened)
  expect(await opened.join()).not.toBe(before)
  expect(await opened.fill('k', fence)).toBe('fenced')
  expect(await opened.coherence.stampTags(['t'], tagClock)).toEqual([undefined])
})

test('an epoch that somebody overwrote is replaced', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  for (const damaged of ['junk', '+'.repeat(16)]) {
    await opened.put('k', '1')
    const losses = opened.losses.length
    await server.command('SET', 'ts:shop:epoch', damaged)
    await lost(opened, losses + 1)
    await opened.join()
    expect(await opened.get('k')).toBeUndefined()
  }
})

test('a stopped server is lost within three heartbeats, and nothing asked before counts after', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  const before = await opened.join()
  await opened.put('k', '1')
  await server.pause()
  const stopped = systemClock.now()
  const late = opened.get('k').catch((error: unknown) => error)
  await lost(opened)
  expect(systemClock.now() - stopped).toBeLessThan(1_000)
  await server.resume()
  expect(await late).toBeInstanceOf(Error)
  expect(await opened.join()).toBe(before)
  expect(await opened.get('k')).toBe('1')
})

test('a server stopped for longer is greeted again on a new connection', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  const before = await opened.join()
  await server.pause()
  await lost(opened)
  const end = systemClock.now() + 2_600
  await until('the patience to end', async () => {
    void opened.tier.hello().catch(() => undefined)
    return systemClock.now() > end
  })
  await server.resume()
  expect(await opened.join()).toBe(before)
})

test('a full server still answers hits and takes removals', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  await opened.put('kept', '1')
  await opened.put('gone', '2')
  const fence = await opened.fenceFor('k')
  await server.command('CONFIG', 'SET', 'maxmemory', '1mb')
  expect(await server.command('SET', 'probe', 'x')).toMatch(/OOM/)
  expect(await opened.lease('kept')).toBe('hit')
  expect(await opened.lease('missing')).toBe('blocked')
  const { reads } = await opened.coherence.lease(['kept', 'missing'], 10_000, false)
  expect(reads.map(({ state }) => state)).toEqual(['hit', 'blocked'])
  await expect(opened.fill('k', fence)).rejects.toThrow(/OOM/)
  await opened.tier.delete(['gone', 'k'])
  await opened.coherence.begin(['kept'], 'intent-000000001', 10_000)
  await opened.coherence.end(['kept'], 'intent-000000001')
  await opened.coherence.expire(['kept'])
  await opened.coherence.invalidate(['t'], true)
  await opened.tier.clear()
  expect(opened.losses).toEqual([])
})

test('a tier can join a full server', async () => {
  await using server = await startRedis()
  await server.command('CONFIG', 'SET', 'maxmemory', '1mb')
  await using opened = await openTier({ url: server.url })
  await opened.tier.delete(['k'])
  expect(opened.findings.map(({ check }) => check)).toContain('maxmemory-policy')
})

test('a master that became a replica is lost, and then read but not written', async () => {
  await using server = await startRedis()
  await using master = await startRedis()
  await using opened = await openTier({ url: server.url })
  await opened.put('k', '1')
  // A replica of nobody: it keeps what it has.
  await master.kill()
  await server.command('REPLICAOF', '127.0.0.1', String(master.port))
  await expect(opened.tier.delete(['k'])).rejects.toThrow(/READONLY|TIER|lost|greeted|NOSCRIPT|closed/)
  await lost(opened)
  await opened.join()
  expect(await opened.get('k')).toBe('1')
  expect(await opened.lease('k')).toBe('hit')
  expect(await opened.lease('missing')).toBe('blocked')
  await expect(opened.tier.delete(['k'])).rejects.toThrow(/READONLY/)
  expect(opened.findings.map(({ check }) => check)).toContain('role')
})

test('a killed subscriber is a gap, then the bus lives again', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  await using other = await openTier({ url: server.url })
  opened.heard.length = 0
  await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await until('a gap', () => Promise.resolve(opened.heard.includes('gap')))
  await opened.live()
  await until('the other bus', () => Promise.resolve(other.heard.includes('gap')))
  await other.tier.delete(['k'])
  const removal = JSON.stringify({ kind: 'keys', keys: ['k'], soft: false })
  await until('the removal', () => Promise.resolve(opened.heard.includes(removal)))
  expect(opened.losses).toEqual([])
})

test('a message that is missing from the sequence is a gap', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  opened.heard.length = 0
  await server.command('INCR', 'ts:shop:seq')
  await until('a gap', () => Promise.resolve(opened.heard.includes('gap')))
  opened.heard.length = 0
  await opened.live()
  expect(opened.heard).toEqual([])
})

test('a sequence that was evicted does not look familiar', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  opened.heard.length = 0
  await server.command('DEL', 'ts:shop:seq')
  await until('a gap', () => Promise.resolve(opened.heard.includes('gap')))
  expect(opened.losses).toEqual([])
})

test('malformed and foreign messages are ignored', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  await using client = new Disposable(server.operatorUrl)
  opened.heard.length = 0
  const origin = 'x'.repeat(16)
  const bad = [
    '',
    '|',
    'null',
    '{}',
    `1|${origin}K`,
    `1|${origin}K5:a`,
    `1|${origin}F1:k`,
    `-1|${origin}A`,
    `0|${origin}Z`,
  ]
  for (const message of bad) await client.redis.publish('ts:shop:bus', message)
  await client.redis.publish('ts:shop:bus', Buffer.from([0xff, 0x7c, 0x00, 0xff]))
  await client.redis.publish('ts:shop:bus', 'x'.repeat(5_000_000))
  await opened.live()
  expect(opened.heard).toEqual([])
  expect(opened.losses).toEqual([])
  expect(await opened.lease('k')).toBe('leased')
})

test('an evicted tag clock fails closed, once', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  const { tagClock } = await opened.coherence.lease(['k'], 10_000, true)
  await server.command('DEL', 'ts:shop:tagclock')
  expect(await opened.coherence.stampTags(['t'], tagClock)).toEqual([undefined])
  const { tagClock: next } = await opened.coherence.lease(['k2'], 10_000, true)
  expect(await opened.coherence.stampTags(['t'], next)).toEqual([expect.stringMatching(/^[\w-]{16}$/)])
  await server.command('DEL', 'ts:shop:tagclock')
  const { tagClock: none } = await opened.coherence.lease(['k3'], 10_000, true)
  expect(await opened.coherence.stampTags(['t'], none)).toEqual([undefined])
})

test('what is not ours under a key is replaced by a lease', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  const epoch = (await server.command('GET', 'ts:shop:epoch')).replace(/^\$\d+\r?\n/, '')
  await using client = new Disposable(server.operatorUrl)
  const kept = (await client.redis.get('ts:shop:epoch')) ?? epoch
  for (const [key, make] of [
    ['text', (name: string) => client.redis.set(name, 'hello')],
    ['empty', (name: string) => client.redis.set(name, '')],
    ['cut', (name: string) => client.redis.set(name, 'Vabc')],
    ['list', (name: string) => client.redis.rpush(name, 'a')],
  ] as const) {
    await make(`ts:shop:${kept}:${key}`)
    expect(await opened.get(key)).toBeUndefined()
    const fence = await opened.fenceFor(key)
    expect(await opened.fill(key, fence, 'ours')).toBe('stored')
    await client.redis.del(`ts:shop:${kept}:${key}`)
    await make(`ts:shop:${kept}:${key}`)
    const { reads } = await opened.coherence.lease([key, 'other'], 10_000, false)
    expect(reads[0]?.state).toBe('leased')
    await client.redis.del(`ts:shop:${kept}:${key}`)
    await make(`ts:shop:${kept}:${key}`)
    await opened.tier.delete([key])
    await opened.coherence.begin([key], 'i', 1_000)
    await opened.coherence.end([key], 'i')
  }
})

test('keys of others are not touched', async () => {
  await using server = await startRedis()
  await using opened = await openTier({ url: server.url })
  await using neighbour = await openTier({ url: server.url }, 'shop.b')
  await using client = new Disposable(server.operatorUrl)
  await client.redis.set('mine', '1')
  await client.redis.set('ts:other', '2')
  await neighbour.put('k', 'kept')
  await opened.put('k', 'mine')
  await opened.tier.delete(['k', '*', 'mine', '../k'])
  await opened.tier.clear()
  expect(await client.redis.get('mine')).toBe('1')
  expect(await client.redis.get('ts:other')).toBe('2')
  expect(await neighbour.get('k')).toBe('kept')
  const names = await client.redis.keys('*')
  expect(names.filter((name) => !/^(mine|ts:other|ts:shop(\.b)?:.*)$/.test(name))).toEqual([])
})

class Disposable implements AsyncDisposable {
  readonly redis: Redis

  constructor(url: string) {
    this.redis = new Redis(url)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.redis.disconnect()
    return Promise.resolve()
  }
}
