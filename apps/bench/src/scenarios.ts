import type { Level, Scenario } from './scenario.ts'

interface Maker {
  readonly make: () => Promise<Scenario>
  /** Seconds that it takes on two processors with nothing else to do: its share of a run that is given so much time. */
  readonly quick: number
  readonly full: number
}

const makers: Readonly<Record<string, Maker>> = {
  'near-hit': { make: async () => (await import('./scenarios/near-hit.ts')).nearHit, quick: 11, full: 80 },
  'memory-per-entry': {
    make: async () => (await import('./scenarios/memory-per-entry.ts')).memoryPerEntry,
    quick: 9,
    full: 50,
  },
  'hit-ratio': { make: async () => (await import('./scenarios/hit-ratio.ts')).hitRatio, quick: 12, full: 45 },
  pauses: { make: async () => (await import('./scenarios/pauses.ts')).pauses, quick: 9, full: 55 },
  sweep: { make: async () => (await import('./scenarios/sweep.ts')).sweep, quick: 7, full: 75 },
  'far-hit': { make: async () => (await import('./scenarios/far-hit.ts')).farHit, quick: 38, full: 115 },
  'cold-local': {
    make: async () => (await import('./scenarios/cold-local.ts')).coldLocal,
    quick: 22,
    full: 65,
  },
  bulk: { make: async () => (await import('./scenarios/bulk.ts')).bulk, quick: 30, full: 90 },
  stampede: { make: async () => (await import('./scenarios/stampede.ts')).stampede, quick: 16, full: 90 },
  database: { make: async () => (await import('./scenarios/database.ts')).database, quick: 27, full: 190 },
  'dead-redis': {
    make: async () => (await import('./scenarios/dead-redis.ts')).deadRedis,
    quick: 20,
    full: 115,
  },
  codec: { make: async () => (await import('./scenarios/codec.ts')).codec, quick: 4, full: 35 },
  features: { make: async () => (await import('./scenarios/features.ts')).featureCost, quick: 11, full: 55 },
  encryption: {
    make: async () => (await import('./scenarios/encryption.ts')).encryption,
    quick: 10,
    full: 45,
  },
  clients: { make: async () => (await import('./scenarios/clients.ts')).clients, quick: 19, full: 85 },
}

/** In the order in which they are run and shown. */
export const scenarioNames: readonly string[] = Object.keys(makers)

function makerOf(name: string): Maker {
  const maker = Object.hasOwn(makers, name) ? makers[name] : undefined
  if (maker === undefined)
    throw new Error(`Expected a scenario among ${scenarioNames.join(', ')}, got ${name}`)
  return maker
}

export async function scenarioNamed(name: string): Promise<Scenario> {
  return await makerOf(name).make()
}

/** What these scenarios take together, s. */
export function secondsOf(names: readonly string[], level: Level): number {
  return names.reduce((sum, name) => sum + makerOf(name)[level === 'full' ? 'full' : 'quick'], 0)
}
