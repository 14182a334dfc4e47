import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { startRedis } from '@tierstack/test-services'
import { libraryNamed } from '../libraries.ts'
import { readLoop } from '../read-loop.ts'
import { fill, keysOf, openWarm } from '../warm-remote.ts'
import { flameSvg } from './flame-graph.ts'
import type { Profile } from './flame-graph.ts'

/* pnpm bench:flame: where the time of a near hit and of a far hit goes, as flame graphs in results/. */

const folder = join(import.meta.dirname, '..', '..', 'results')
const keys = keysOf(5_000)
const callers = 64

const server = await startRedis()
const tierstack = await libraryNamed('tierstack')

for (const tiers of ['near', 'far'] as const) {
  const warm = await openWarm(tierstack, {
    tiers,
    redisUrl: server.url,
    maxEntries: 100_000,
    size: '100 B',
  })
  const { contestant } = warm
  await fill(warm, keys)
  let position = 0
  const next = () => keys[position++ % keys.length]
  const read = async (ms: number): Promise<void> => {
    if (tiers === 'far') {
      await readLoop({ contestant, keys, callers, ms })
      return
    }
    const end = performance.now() + ms
    while (performance.now() < end) for (let i = 0; i < 1_000; i++) await contestant.read(next() as string)
  }
  await read(1_500)
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 200 })
  await session.post('Profiler.start')
  await read(3_000)
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  mkdirSync(folder, { recursive: true })
  const title =
    tiers === 'near' ? 'An awaited hit in memory' : `Hits in Redis, ${callers} callers, values of 100 B`
  writeFileSync(join(folder, `flame-${tiers}-hit.svg`), flameSvg(profile as Profile, title))
  await contestant.close()
}
await server.stop()
