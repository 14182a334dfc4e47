import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant, Library, Tiers } from './library.ts'
import { idOf, valueOf } from './rows.ts'
import type { Size } from './rows.ts'

/** Opens a contestant whose Redis holds every key that was asked for once. */
export interface Warm {
  readonly contestant: Contestant
  readonly namespace: string
  /** Loads so far: in a phase that should have none, a load is a wrong answer. */
  readonly loads: () => number
}

export async function openWarm(
  library: Library,
  o: { tiers: Tiers; redisUrl: string; maxEntries: number; size: Size; namespace?: string },
): Promise<Warm> {
  const namespace = o.namespace ?? `bench-${randomUUID().slice(0, 8)}`
  let loads = 0
  const contestant = await library.open({
    tiers: o.tiers,
    redisUrl: o.redisUrl,
    namespace,
    maxEntries: o.maxEntries,
    ttlMs: 3_600_000,
    load: (key) => {
      loads++
      return Promise.resolve(valueOf(idOf(key), o.size))
    },
  })
  return { contestant, namespace, loads: () => loads }
}

/** A namespace that no other contestant uses: they share a server, and some of them a prefix. */
export function namespaceOf(scenario: string, library: string): string {
  return `${scenario}-${library.replaceAll(/[^a-z]+/gi, '-')}`
}

const mostPasses = 4

type Reading = Pick<Warm, 'contestant' | 'loads'>

/**
 * Reads each key, some at a time, and again until every one is a hit: right after the start, on a machine that is busy,
 * the first values may not have been stored.
 */
export async function fill(warm: Reading, keys: readonly string[]): Promise<void> {
  await fillAll([{ warm, keys }])
}

/** Several, which wait together for what is stored behind the answers. */
export async function fillAll(
  all: readonly { readonly warm: Reading; readonly keys: readonly string[] }[],
): Promise<void> {
  const loaded = () => all.reduce((sum, { warm }) => sum + warm.loads(), 0)
  for (let pass = 0; pass < mostPasses; pass++) {
    const before = loaded()
    for (const { warm, keys } of all) await readEach(warm, keys)
    if (loaded() === before && pass > 0) return
    // Some write to Redis behind the answer, or still join its bus; whoever lost Redis gets time to find it again.
    await sleep(pass === 0 ? 100 : 1_000)
  }
}

async function readEach({ contestant }: Reading, keys: readonly string[]): Promise<void> {
  const together = 64
  for (let i = 0; i < keys.length; i += together)
    await Promise.all(keys.slice(i, i + together).map((key) => contestant.read(key)))
}

/**
 * Waits until reads are hits again, at most three seconds. Who gave Redis up for a while in what was played before (it
 * took too long to answer) would else be measured without it in what comes next.
 */
export async function settle(warm: Reading, keys: readonly string[]): Promise<void> {
  const few = keys.slice(0, 8)
  for (let tries = 0; tries < 30; tries++) {
    const before = warm.loads()
    await readEach(warm, few)
    if (warm.loads() === before) return
    await sleep(100)
  }
}

export function keysOf(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `row:${from + i}`)
}

export function isRow(key: string, answer: unknown): boolean {
  return (answer as { id?: unknown } | null | undefined)?.id === idOf(key)
}
