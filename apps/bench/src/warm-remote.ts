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

/**
 * Reads each key, some at a time, and again until every one is a hit: right after the start, on a machine that is busy,
 * the first values may not have been stored.
 */
export async function fill(
  { contestant, loads }: Pick<Warm, 'contestant' | 'loads'>,
  keys: readonly string[],
) {
  const together = 64
  for (let pass = 0; pass < mostPasses; pass++) {
    const before = loads()
    for (let i = 0; i < keys.length; i += together)
      await Promise.all(keys.slice(i, i + together).map((key) => contestant.read(key)))
    if (loads() === before && pass > 0) return
    // Some write to Redis behind the answer, or still join its bus; whoever lost Redis gets time to find it again.
    await sleep(pass === 0 ? 100 : 1_000)
  }
}

export function keysOf(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `row:${from + i}`)
}

export function isRow(key: string, answer: unknown): boolean {
  return (answer as { id?: unknown } | null | undefined)?.id === idOf(key)
}
