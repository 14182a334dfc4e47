import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, inject, test } from 'vitest'
import { openTier } from '../rig.ts'

/** A proxy that counts, per connection, how often the client's side began to speak after the server had. */
async function countingProxy(target: URL): Promise<{ url: string; turns(): number; close(): void }> {
  let turns = 0
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    let asked = false
    near.on('data', (chunk) => {
      if (!asked) turns++
      asked = true
      far.write(chunk)
    })
    far.on('data', (chunk) => {
      asked = false
      near.write(chunk)
    })
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    turns: () => turns,
    close: () => server.close(),
  }
}

test('a hit costs one round trip, a miss and its fill two, a removal one', async () => {
  const proxy = await countingProxy(new URL(inject('redisUrl')))
  // No heartbeat during the count.
  await using opened = await openTier(
    { url: proxy.url, prefix: 'turns', heartbeat: 5_000, silence: 15_000 },
    'turns',
  )
  const cost = async (work: () => Promise<unknown>) => {
    const before = proxy.turns()
    await work()
    return proxy.turns() - before
  }
  const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
  try {
    await opened.put('k', '1')
    expect(await cost(() => opened.lease('k'))).toBe(1)
    expect(await cost(() => opened.coherence.lease(['k'], 1_000, true))).toBe(1)
    expect(await cost(() => opened.tier.read(keys))).toBe(1)
    expect(await cost(() => opened.coherence.lease(keys, 1_000, true))).toBe(1)
    expect(await cost(async () => opened.fill('miss', await opened.fenceFor('miss')))).toBe(2)
    expect(await cost(() => opened.tier.delete(['k']))).toBe(1)
    expect(await cost(() => opened.coherence.invalidate(['t'], false))).toBe(1)
    expect(await cost(() => opened.tier.clear())).toBe(1)
  } finally {
    proxy.close()
  }
})
