import { Redis } from 'ioredis'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '@tierstack/test-services'
import type { Scene } from './scene.ts'

/** Markers are evicted all the time for so long, and then left alone for as long. */
const spellMs = 250

/**
 * Fills Redis until it evicts. Which keys it picks is its own choice, and it spares those in use: so tag markers and
 * counters are evicted by hand too, in spells, so that some go between an invalidation and the next look at them.
 */
export async function pressMemory({ servers, random, namespace, faultMs }: Scene): Promise<void> {
  const [master] = servers.masters as readonly [RedisServer]
  const client = new Redis(master.port, '127.0.0.1', { maxRetriesPerRequest: 1 })
  client.on('error', () => {})
  const filler = 'x'.repeat(4_000)
  const began = performance.now()
  try {
    for (let now = began; now - began < faultMs; now = performance.now()) {
      const batch = client.pipeline()
      for (let i = 0; i < 20; i++) batch.set(`filler:${random.below(5_000)}`, filler)
      await batch.exec()
      const ours = (await client.keys(`*${namespace}*`)).toSorted()
      const markers = ours.filter((key) => key.includes(':t:'))
      const spell = Math.floor((now - began) / spellMs) % 2 === 0
      if (spell && markers.length > 0) await client.del(...markers)
      else if (ours.length > 0 && random.next() < 0.1) await client.del(random.pick(ours))
      await sleep(spell ? 4 : 20)
    }
    const left = await client.keys('filler:*')
    if (left.length > 0) await client.del(...left)
  } finally {
    client.disconnect()
  }
}
