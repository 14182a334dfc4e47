import type { Scenario } from './scenario.ts'

const makers = {
  'near-hit': async (): Promise<Scenario> => (await import('./scenarios/near-hit.ts')).nearHit,
  'memory-per-entry': async (): Promise<Scenario> =>
    (await import('./scenarios/memory-per-entry.ts')).memoryPerEntry,
  'hit-ratio': async (): Promise<Scenario> => (await import('./scenarios/hit-ratio.ts')).hitRatio,
  pauses: async (): Promise<Scenario> => (await import('./scenarios/pauses.ts')).pauses,
  sweep: async (): Promise<Scenario> => (await import('./scenarios/sweep.ts')).sweep,
  'far-hit': async (): Promise<Scenario> => (await import('./scenarios/far-hit.ts')).farHit,
  'cold-local': async (): Promise<Scenario> => (await import('./scenarios/cold-local.ts')).coldLocal,
  bulk: async (): Promise<Scenario> => (await import('./scenarios/bulk.ts')).bulk,
  stampede: async (): Promise<Scenario> => (await import('./scenarios/stampede.ts')).stampede,
  database: async (): Promise<Scenario> => (await import('./scenarios/database.ts')).database,
  'dead-redis': async (): Promise<Scenario> => (await import('./scenarios/dead-redis.ts')).deadRedis,
  codec: async (): Promise<Scenario> => (await import('./scenarios/codec.ts')).codec,
  features: async (): Promise<Scenario> => (await import('./scenarios/features.ts')).featureCost,
  encryption: async (): Promise<Scenario> => (await import('./scenarios/encryption.ts')).encryption,
  clients: async (): Promise<Scenario> => (await import('./scenarios/clients.ts')).clients,
}

/** In the order in which they are run and shown. */
export const scenarioNames: readonly string[] = Object.keys(makers)

export async function scenarioNamed(name: string): Promise<Scenario> {
  if (!Object.hasOwn(makers, name))
    throw new Error(`Expected a scenario among ${scenarioNames.join(', ')}, got ${name}`)
  return await makers[name as keyof typeof makers]()
}
