import { fileURLToPath } from 'node:url'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { encrypt, keyRing, tenantKeys } from '@tierstack/cache-serializers'
import { startRedis } from '@tierstack/test-services'
import { expect, test } from 'vitest'
import { redis } from '../../src/index.ts'
import { wrappedKeysIn } from '../wrapped-keys.ts'

const program = fileURLToPath(new URL('../sealed-program.ts', import.meta.url))

interface Verdict {
  readonly reads: number
  readonly hits: number
  readonly wrong: readonly string[]
  readonly poisoned: Readonly<Record<string, number>>
}

test("a tenant's keys are rotated and destroyed under load, and no reader in any process gets an error", async () => {
  await using server = await startRedis()
  const readers = Array.from({ length: 3 }, () =>
    fork(program, [server.url, server.operatorUrl], {
      execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'],
    }),
  )
  const { store, end } = wrappedKeysIn(server.operatorUrl)
  const keys = tenantKeys({
    master: keyRing([{ id: 'm', secret: new Uint8Array(32).fill(3) }]),
    store,
  })
  const cache = createCache({
    namespace: 'sealed',
    tenant: true,
    encryption: encrypt({ keys }),
    tiers: [memory(), redis({ url: server.url })],
  })
  try {
    await Promise.all(readers.map((reader) => once(reader, 'message')))
    for (let round = 0; round < 6; round++) {
      await keys.rotate('acme')
      await sleep(200)
      await keys.rotate('globex')
      await keys.shred('acme')
      await cache.withTenant('acme', () => cache.clear())
      await sleep(200)
    }
    const told = readers.map(async (reader): Promise<Verdict> => {
      const verdict = once(reader, 'message') as Promise<[Verdict]>
      reader.send('end')
      return (await verdict)[0]
    })
    const verdicts = await Promise.all(told)
    expect(verdicts.flatMap(({ wrong }) => wrong)).toEqual([])
    for (const { reads, hits, poisoned } of verdicts) {
      expect(reads).toBeGreaterThan(200)
      expect(hits).toBeGreaterThan(0)
      // What was sealed with a key that is gone; nothing else.
      expect(Object.keys(poisoned).filter((why) => why !== 'key')).toEqual([])
    }
  } finally {
    for (const reader of readers) reader.kill()
    await cache.close()
    end()
  }
})
