import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { sharedNow } from './shared-time.ts'
import type { StampedeAnswer, StampedeOrder } from './stampede.ts'

/* One of the processes that ask for a cold key at once. */

const [url = '', loadMs = '50'] = process.argv.slice(2)
let loads = 0
const cache = createCache({ namespace: 'stampede', tiers: [memory(), redis({ url })] })
const row = cache.define({
  name: 'row',
  load: async (key: number) => {
    loads++
    await sleep(Number(loadMs))
    return { key, text: 'x'.repeat(500) }
  },
})

async function timed(key: number): Promise<number> {
  const began = sharedNow()
  await row(key)
  return sharedNow() - began
}

process.on('message', ({ key, callers, at }: StampedeOrder) => {
  loads = 0
  // The last few ms without a timer: they are late by more than a process needs.
  setTimeout(
    () => {
      while (sharedNow() < at);
      void Promise.all(Array.from({ length: callers }, () => timed(key))).then((times) =>
        process.send?.({ loads, times } satisfies StampedeAnswer),
      )
    },
    Math.max(0, at - sharedNow() - 5),
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
