import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { until } from '@tierstack/test-services'
import { redis } from '../src/index.ts'
import type { RedisOptions } from '../src/index.ts'

const keys = Array.from({ length: 12 }, (_, i) => `k${i}`)
/** What a silent bus allows other processes, ms, and some for a busy machine. */
const elsewhere = 600

/** What readers saw. */
interface Verdict {
  /** Rows that were older than a removal which had been acknowledged before they were asked for. */
  readonly stale: readonly string[]
  readonly reads: number
}

/**
 * Lets one cache write and remove row after row while `during` happens, and both caches read; at the end waits until
 * every removal is confirmed and both have every newest row.
 */
export async function underLoad(
  options: RedisOptions,
  namespace: string,
  during: () => Promise<void>,
): Promise<Verdict> {
  const rows = new Map(keys.map((key) => [key, 0]))
  const acknowledged = new Map<string, number>()
  const load = async (key: string) => {
    const read = rows.get(key) ?? 0
    await sleep(5)
    return read
  }
  const caches = [0, 1].map(() => {
    const cache = createCache({ namespace, tiers: [memory(), redis(options)] })
    return { cache, row: cache.define({ name: 'row', ttl: '1m', load }) }
  })
  const [writer, reader] = caches
  if (!writer || !reader) throw new Error('two caches')
  const stale: string[] = []
  let reads = 0
  let running = true
  const write = async () => {
    for (let i = 0; running; i++) {
      const key = keys[i % keys.length] as string
      const version = (rows.get(key) ?? 0) + 1
      rows.set(key, version)
      await writer.row.delete(key)
      acknowledged.set(key, version)
      await sleep(5)
    }
  }
  const read = async (who: typeof reader, patience: number, start: number) => {
    for (let i = start; running; i += 7) {
      const key = keys[i % keys.length] as string
      const least = acknowledged.get(key) ?? 0
      await sleep(patience)
      const got = await who.row(key)
      reads++
      if (got < least) stale.push(`${key}: read ${got} after the removal of ${least - 1}`)
    }
  }
  const here = keys.map((_, i) => read(writer, 1, i))
  const others = Array.from({ length: 48 }, (_, i) => read(reader, elsewhere, i))
  const work = [write(), ...here, ...others]
  await sleep(500)
  await during()
  running = false
  await Promise.all(work)
  await until('a confirmed removal', async () => (await writer.row.delete('k0')).queued.length === 0)
  for (const { row } of caches) {
    await until('the newest rows', async () => {
      const got = await row.many(keys)
      return keys.every((key, i) => got[i] === rows.get(key))
    })
  }
  await Promise.all(caches.map(({ cache }) => cache.close()))
  return { stale, reads }
}
