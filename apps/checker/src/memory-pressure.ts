import { Redis } from 'ioredis'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '@tierstack/test-services'
import type { Scene } from './plans.ts'

/**
 * Fills Redis until it evicts. Which key it picks is its own choice, so that a marker in use survives for long: one
 * of ours is evicted by hand now and then.
 */
export async function pressMemory({ servers, random, namespace, faultMs }: Scene): Promise<void> {
  const [master] = servers.masters as readonly [RedisServer]
  const client = new Redis(master.port, '127.0.0.1', { maxRetriesPerRequest: 1 })
  client.on('error', () => {})
  const filler = 'x'.repeat(4_000)
  const until = performance.now() + faultMs
  try {
    while (performance.now() < until) {
      const batch = client.pipeline()
      for (let i = 0; i < 40; i++) batch.set(`filler:${random.below(5_000)}`, filler)
      await batch.exec()
      const ours = await client.keys(`*${namespace}*`)
      const markers = ours.filter((key) => key.includes(':t:') || key.endsWith(':tagclock') || key.endsWith(':seq'))
      const victims = random.next() < 0.7 ? markers : ours
      if (victims.length > 0) await client.del(random.pick(victims.toSorted()))
      await sleep(20)
    }
    const left = await client.keys('filler:*')
    if (left.length > 0) await client.del(...left)
  } finally {
    client.disconnect()
  }
}
