// A process of its own with one tier, told by messages what to do: see peers.ts.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@tierstack/cache-core'
import { sqlite } from '../../src/index.ts'

export interface Told {
  readonly removed: string[]
  readonly lost: string[]
  gaps: number
  live: number
}

const [path = '', namespace = ''] = process.argv.slice(2)
const tier = sqlite({ path })
const { coherence } = tier
const told: Told = { removed: [], lost: [], gaps: 0, live: Number.NEGATIVE_INFINITY }
tier.open({
  namespace,
  clock: systemClock,
  lost: (error) => void told.lost.push(String(error)),
  warn: () => undefined,
})
coherence.bus.open({
  namespace,
  clock: systemClock,
  listener: {
    removed: (removal) =>
      void told.removed.push(...(removal.kind === 'keys' ? removal.keys : [removal.kind])),
    filled: () => undefined,
    live: (until) => {
      told.live = until
    },
    gap: () => {
      told.gaps++
    },
  },
})

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const expiresAt = (): number => Date.now() + 60_000

async function readThrough(key: string, load: () => Promise<string>): Promise<string> {
  const { reads } = await coherence.lease([key], 1_000, false)
  const read = reads[0]
  if (read?.state === 'hit') return text(read.frame.bytes)
  const loaded = await load()
  if (read?.state === 'leased') {
    const items = Array.of({ key, fence: read.fence, bytes: Buffer.from(loaded), expiresAt: expiresAt() })
    await coherence.fill(items)
  }
  return loaded
}

/** The row, and a note of the newest version whose removal was acknowledged. */
const row = `${path}.row`
const acknowledged = `${path}.acknowledged`

function put(file: string, content: string): void {
  writeFileSync(`${file}.new`, content)
  renameSync(`${file}.new`, file)
}

export const verbs = {
  hello: () => tier.hello(),
  close: () => tier.close(),
  told: () => ({ ...told, vouched: told.live > systemClock.now() }),
  look: async (key: string, holdMs: number) => (await coherence.lease([key], holdMs, false)).reads[0]?.state,
  get: async (key: string) => {
    const [frame] = await tier.read([key])
    return frame && text(frame.bytes)
  },
  put: (key: string, value: string) => readThrough(key, () => Promise.resolve(value)),
  delete: (keys: string[]) => tier.delete(keys),
  /** Removes one key after the other, as fast as it goes. */
  deleteEach: async (count: number) => {
    for (let n = 0; n < count; n++) await tier.delete([`k${n}`])
  },
  /** Writes until it is killed. */
  writeForEver: async () => {
    for (let n = 0; ; n++) {
      const key = `k${n % 500}`
      await readThrough(key, () => Promise.resolve('x'.repeat((n * 37) % 9_000)))
      await tier.delete([`k${(n * 7) % 500}`])
      if (n % 50 === 0) await sleep(0)
    }
  },
  /** Changes the row again and again, each time removing it from the cache. Returns the last version. */
  change: async (rounds: number) => {
    for (let version = 1; version <= rounds; version++) {
      put(row, String(version))
      await tier.delete(['row'])
      put(acknowledged, String(version))
      await sleep(Math.random() * 3)
    }
    return rounds
  },
  /** Reads the row through the cache for a while. Returns how often, and how often it was older than allowed. */
  check: async (ms: number) => {
    const end = systemClock.now() + ms
    const seen = { reads: 0, stale: 0 }
    while (systemClock.now() < end) {
      const floor = Number(readFileSync(acknowledged, 'utf8'))
      const version = await readThrough('row', async () => {
        const loaded = readFileSync(row, 'utf8')
        await sleep(Math.random() * 4)
        return loaded
      })
      seen.reads++
      if (Number(version) < floor) seen.stale++
      if (seen.reads % 20 === 0) await sleep(0)
    }
    return seen
  },
}

export type Verbs = typeof verbs

interface Call {
  readonly id: number
  readonly verb: keyof Verbs
  readonly args: never[]
}

process.on('message', ({ id, verb, args }: Call) => {
  const run = verbs[verb] as (...args: never[]) => unknown
  Promise.resolve()
    .then(() => run(...args))
    .then(
      (answer) => process.send?.({ id, answer }),
      (error: unknown) => process.send?.({ id, error: String(error) }),
    )
})
