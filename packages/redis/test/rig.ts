import { systemClock } from '@tierstack/cache-core'
import type { Fence, SetupFinding } from '@tierstack/cache-core'
import { structuredCodec } from '@tierstack/cache-testing'
import { until } from '@tierstack/test-services'
import { redis } from '../src/index.ts'
import type { RedisOptions, RedisRemoteTier } from '../src/index.ts'

/** A tier opened by a recording host. */
export interface Opened extends AsyncDisposable {
  readonly tier: RedisRemoteTier
  readonly coherence: RedisRemoteTier['coherence']
  readonly losses: unknown[]
  readonly findings: SetupFinding[]
  /** Removals and wake-ups, as JSON, and `gap`. */
  readonly heard: string[]
  liveUntil: number
  /** Greets until it works. */
  join(): Promise<string>
  /** Waits until the bus vouches again. */
  live(): Promise<void>
  lease(key: string, holdMs?: number): Promise<string>
  fenceFor(key: string, holdMs?: number): Promise<Fence>
  fill(key: string, fence: Fence, text?: string): Promise<string>
  put(key: string, text: string): Promise<void>
  get(key: string): Promise<string | undefined>
}

export async function openTier(options: RedisOptions, namespace = 'shop'): Promise<Opened> {
  const opened = openOnly(options, namespace)
  await opened.join()
  await opened.live()
  return opened
}

export function openOnly(options: RedisOptions, namespace = 'shop'): Opened {
  const tier = redis({ codec: structuredCodec, ...options })
  const { coherence } = tier
  const losses: unknown[] = []
  const findings: SetupFinding[] = []
  const heard: string[] = []
  tier.open({
    namespace,
    clock: systemClock,
    lost: (error) => losses.push(error),
    warn: (finding) => findings.push(finding),
  })
  const opened: Opened = {
    tier,
    coherence,
    losses,
    findings,
    heard,
    liveUntil: Number.NEGATIVE_INFINITY,
    async join() {
      let history: string | undefined
      await until('the greeting', async () => {
        history = await tier.hello().catch(() => undefined)
        return history !== undefined
      })
      return history ?? ''
    },
    async live() {
      const asked = systemClock.now()
      // Proof of after the call, not what is left of an older one.
      await until('a live bus', () => Promise.resolve(opened.liveUntil > asked + 400))
    },
    async lease(key, holdMs = 10_000) {
      const { reads } = await coherence.lease([key], holdMs, false)
      return reads[0]?.state ?? 'nothing'
    },
    async fenceFor(key, holdMs = 10_000) {
      const { reads } = await coherence.lease([key], holdMs, false)
      if (reads[0]?.state !== 'leased') throw new Error(`expected a lease, got ${reads[0]?.state}`)
      return reads[0].fence
    },
    async fill(key, fence, text = 'filled') {
      const bytes = Buffer.from(text)
      const fillAll = coherence.fill.bind(coherence)
      const [outcome] = await fillAll([{ key, fence, bytes, expiresAt: Date.now() + 60_000 }])
      return outcome ?? 'nothing'
    },
    async put(key, text) {
      const [fence] = await coherence.take([key], 10_000)
      await opened.fill(key, fence as Fence, text)
    },
    async get(key) {
      const [frame] = await tier.read([key])
      return frame && Buffer.from(frame.bytes).toString()
    },
    async [Symbol.asyncDispose]() {
      await coherence.bus.close()
      await tier.close()
    },
  }
  coherence.bus.open({
    namespace,
    clock: systemClock,
    listener: {
      removed: (removal) => heard.push(JSON.stringify(removal)),
      filled: (key) => heard.push(`filled ${key}`),
      live: (at) => {
        opened.liveUntil = at
      },
      gap: () => heard.push('gap'),
    },
  })
  return opened
}
