import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { systemClock } from '@tierstack/cache-core'
import type { Clock, Coherence, Fence, FrameWrite, RemoteTier } from '@tierstack/cache-core'

export interface TierContractOptions {
  /** Registers one test, as the `test` of vitest, `node:test`, jest and mocha do. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Whether the tier has `coherence`; the suite checks that it tells the truth. @default true */
  readonly coherence?: boolean
  /** The clock that the tiers are opened with. @default systemClock */
  readonly clock?: Clock
  /** Lets `ms` pass for the tiers and their store. @default a timer of the system */
  readonly wait?: (ms: number) => Promise<void>
  /** Random schedules that are compared with the model. @default 25 */
  readonly schedules?: number
  /** Seed of the first schedule; a failure names its own. @default 1 */
  readonly seed?: number
}

/** Makes a new, unopened connection. All that it ever makes see the same store. */
export type MakeTier = () => RemoteTier | Promise<RemoteTier>

export type Settled = Required<TierContractOptions> & { readonly make: MakeTier }

export function settle(make: MakeTier, options: TierContractOptions): Settled {
  return {
    make,
    coherence: true,
    clock: systemClock,
    wait: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
    schedules: 25,
    seed: 1,
    ...options,
  }
}

/** One connection, and what it was told. */
export class Node {
  readonly tier: RemoteTier
  readonly history: string
  /** Removals and wake-ups by the bus, such as `delete "k"`, `expire "k"`, `invalidate "t"`, `soften "t"`, `filled "k"`. */
  readonly heard: string[]
  readonly state: { gaps: number; live: number }
  readonly #settled: Settled

  constructor(parts: Pick<Node, 'tier' | 'history' | 'heard' | 'state'>, settled: Settled) {
    this.tier = parts.tier
    this.history = parts.history
    this.heard = parts.heard
    this.state = parts.state
    this.#settled = settled
  }

  get coherence(): Coherence {
    assert(this.tier.coherence, 'the tier has no coherence')
    return this.tier.coherence
  }

  expiry(life = 60_000): number {
    return this.#settled.clock.wall() + life
  }

  /** Stores a frame whatever was there. */
  async put(key: string, text: string | Uint8Array, life = 60_000): Promise<void> {
    const item = { key, bytes: typeof text === 'string' ? bytes(text) : text, expiresAt: this.expiry(life) }
    if (!this.tier.coherence) assert.deepEqual(await this.tier.write([item]), ['stored'])
    else {
      const [fence] = await this.coherence.take([key], 10_000)
      assert(fence, `no lease for ${JSON.stringify(key)}`)
      assert.equal(await this.#fillOne({ ...item, fence }), 'stored')
    }
  }

  async get(key: string): Promise<string | undefined> {
    const [frame] = await this.tier.read([key])
    return frame && text(frame.bytes)
  }

  async stamp(key: string): Promise<string> {
    const [frame] = await this.tier.read([key])
    assert(frame, `no frame at ${JSON.stringify(key)}`)
    return frame.stamp
  }

  /** What a lease attempt says about one key. */
  async look(key: string): Promise<string> {
    const { reads } = await this.coherence.lease([key], 10_000, false)
    return reads[0]?.state ?? 'nothing'
  }

  /** Takes the lease that a miss gives. */
  async lease(key: string, holdMs = 10_000): Promise<Fence> {
    const { reads } = await this.coherence.lease([key], holdMs, false)
    assert(
      reads[0]?.state === 'leased',
      `expected a lease for ${JSON.stringify(key)}, got ${reads[0]?.state}`,
    )
    return reads[0].fence
  }

  fill(key: string, fence: Fence, content = 'filled'): Promise<string> {
    return this.#fillOne({ key, fence, bytes: bytes(content), expiresAt: this.expiry() })
  }

  async hears(what: string): Promise<void> {
    await this.eventually(
      () => this.heard.includes(what),
      () => `${what} among ${this.heard.join(', ')}`,
    )
  }

  async eventually(done: () => boolean, what: () => string): Promise<void> {
    for (let round = 0; round < 2_000 && !done(); round++) await this.#settled.wait(5)
    assert(done(), `waited in vain for ${what()}`)
  }

  async #fillOne(item: FrameWrite & { readonly fence: Fence }): Promise<string> {
    const items = [item]
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not the fill of arrays
    const [outcome] = await this.coherence.fill(items)
    return outcome ?? 'nothing'
  }
}

/** What one test works with: connections that share a namespace of their own. */
export class Rig {
  readonly namespace: string = `contract-${randomUUID().slice(0, 13)}`
  readonly settled: Settled
  readonly #open: RemoteTier[] = []
  #closed = false

  constructor(settled: Settled) {
    this.settled = settled
  }

  wait(ms: number): Promise<void> {
    return this.settled.wait(ms)
  }

  /** Asked before something that lives for `ms` is made: false once it may be over, as where this process stood still. */
  within(ms: number): () => boolean {
    const { clock } = this.settled
    const due = clock.now() + ms
    return () => clock.now() < due
  }

  async connect(namespace: string = this.namespace): Promise<Node> {
    const { clock, make } = this.settled
    const tier = await make()
    this.#open.push(tier)
    const heard: string[] = []
    const state = { gaps: 0, live: Number.NEGATIVE_INFINITY }
    // As a cache does: on a machine that is slow enough, a connection may be given up before anything was asked.
    const lost = () => void this.#greet(tier)
    tier.open({ namespace, clock, lost, warn: () => undefined })
    tier.coherence?.bus.open({
      namespace,
      clock,
      listener: {
        removed: (removal) => {
          if (removal.kind === 'all') heard.push('all')
          else if (removal.kind === 'keys')
            heard.push(...named(removal.soft ? 'expire' : 'delete', removal.keys))
          else heard.push(...named(removal.soft ? 'soften' : 'invalidate', removal.tags))
        },
        filled: (key) => heard.push(...named('filled', [key])),
        live: (until) => {
          state.live = until
        },
        gap: () => {
          state.gaps++
        },
      },
    })
    const node = new Node({ tier, history: await tier.hello(), heard, state }, this.settled)
    if (tier.coherence) {
      await node.eventually(
        () => state.live > clock.now(),
        () => 'a live bus',
      )
      // A gap before a bus vouches for anything says what is so anyway.
      state.gaps = 0
    }
    return node
  }

  async #greet(tier: RemoteTier): Promise<void> {
    while (!this.#closed) {
      try {
        await tier.hello()
        return
      } catch {
        await this.wait(50)
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const tier of this.#open) {
      await tier.coherence?.bus.close()
      await tier.close()
    }
  }
}

export type Check = (name: string, run: (rig: Rig) => Promise<void>) => void

/** Registers tests that each get a rig of their own. */
export function checks(settled: Settled): Check {
  return (name, run) => {
    settled.test(name, async () => {
      const rig = new Rig(settled)
      try {
        await run(rig)
      } finally {
        await rig.close()
      }
    })
  }
}

export function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

export function text(content: Uint8Array): string {
  return new TextDecoder().decode(content)
}

export function named(what: string, names: readonly string[]): string[] {
  return names.map((name) => `${what} ${JSON.stringify(name)}`)
}

/** Names that break a store which splits, globs, terminates, hashes or looks up names carelessly. */
export const weirdNames: readonly string[] = [
  '',
  ' ',
  'a',
  'a:b',
  'a\0b',
  'a\nb',
  'a\r\nb',
  'a|b',
  '*',
  'a*',
  '?',
  '[ab]',
  '\\',
  '%',
  '_',
  "'",
  '"',
  '{a}',
  '}{',
  '{}',
  '__proto__',
  'constructor',
  'é',
  'e\u0301',
  '😀',
  '\u{10ffff}',
  'x'.repeat(65_536),
  `${'x'.repeat(65_535)}y`,
]
