import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Fence, Removal, SetupFinding } from '@tierstack/cache-core'
import { fakeClock, structuredCodec } from '@tierstack/cache-testing'
import type { FakeClock } from '@tierstack/cache-testing'
import { onTestFinished } from 'vitest'
import { sqlite } from '../src/index.ts'
import type { SqliteOptions, SqliteTier } from '../src/index.ts'

/** A path in a folder that is gone after the test. */
export function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tierstack sqlite '))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'cache.db')
}

export interface ConnectOptions extends SqliteOptions {
  readonly clock?: Clock
  readonly namespace?: string
}

/** A tier that serves, with everything that it told its cache. */
export interface Connection {
  readonly tier: SqliteTier
  readonly history: string
  readonly removals: Removal[]
  readonly filled: string[]
  readonly warnings: SetupFinding[]
  readonly lost: unknown[]
  readonly bus: { live: number; gaps: number }
  put(key: string, text: string, life?: number): Promise<void>
  get(key: string): Promise<string | undefined>
  lease(key: string, holdMs?: number): Promise<Fence>
  look(key: string): Promise<string>
  fill(key: string, fence: Fence, text: string | Uint8Array, life?: number): Promise<string | undefined>
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Opens a tier without greeting the store. */
export function open({ clock = fakeClock(), namespace = 'test', ...options }: ConnectOptions): Connection {
  const tier = sqlite({ codec: structuredCodec, ...options })
  const bus = { live: Number.NEGATIVE_INFINITY, gaps: 0 }
  const removals: Removal[] = []
  const filled: string[] = []
  const warnings: SetupFinding[] = []
  const lost: unknown[] = []
  tier.open({
    namespace,
    clock,
    lost: (error) => void lost.push(error),
    warn: (finding) => void warnings.push(finding),
  })
  tier.coherence.bus.open({
    namespace,
    clock,
    listener: {
      removed: (removal) => void removals.push(removal),
      filled: (key) => void filled.push(key),
      live: (until) => {
        bus.live = until
      },
      gap: () => {
        bus.gaps++
      },
    },
  })
  onTestFinished(() => tier.close())
  const { coherence } = tier
  const connection = {
    tier,
    history: '',
    removals,
    filled,
    warnings,
    lost,
    bus,
    async put(key: string, text: string, life = 60_000) {
      const [fence] = await tier.coherence.take([key], 1_000)
      const outcome = await connection.fill(key, fence as Fence, text, life)
      if (outcome !== 'stored') throw new Error(`not stored: ${outcome}`)
    },
    async get(key: string) {
      const [frame] = await tier.read([key])
      return frame && new TextDecoder().decode(frame.bytes)
    },
    async lease(key: string, holdMs = 1_500) {
      const { reads } = await tier.coherence.lease([key], holdMs, false)
      if (reads[0]?.state !== 'leased') throw new Error(`not leased: ${reads[0]?.state}`)
      return reads[0].fence
    },
    async look(key: string) {
      const { reads } = await tier.coherence.lease([key], 1_500, false)
      return reads[0]?.state ?? 'nothing'
    },
    async fill(key: string, fence: Fence, text: string | Uint8Array, life = 60_000) {
      const bytes = typeof text === 'string' ? encode(text) : text
      const items = Array.of({ key, fence, bytes, expiresAt: clock.wall() + life })
      const [outcome] = await coherence.fill(items)
      return outcome
    },
  }
  return connection
}

export async function connect(options: ConnectOptions): Promise<Connection> {
  const connection = open(options)
  return Object.assign(connection, { history: await connection.tier.hello() })
}

/** Two tiers on one file and one clock, as two processes would have. */
export async function connectTwo(
  options: Partial<ConnectOptions> = {},
): Promise<{ near: Connection; far: Connection; clock: FakeClock; path: string }> {
  const clock = fakeClock()
  const path = options.path ?? newPath()
  const near = await connect({ ...options, path, clock })
  const far = await connect({ ...options, path, clock })
  return { near, far, clock, path }
}
