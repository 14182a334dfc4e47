import type { Plan, TierName } from './plan.ts'

const imports: Readonly<Record<TierName, string>> = {
  memory: "import { memory } from '@tierstack/cache-memory'",
  redis: "import { redis } from '@tierstack/cache-redis'",
  sqlite: "import { sqlite } from '@tierstack/cache-sqlite'",
}

const tiers: Readonly<Record<TierName, string>> = {
  memory: "memory({ maxBytes: '64mb' })",
  redis: "redis({ url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' })",
  sqlite: "sqlite({ path: process.env['CACHE_FILE'] ?? 'cache.sqlite' })",
}

const ttls: Readonly<Record<TierName, string>> = {
  memory: "memory: '1m'",
  redis: "redis: '1h'",
  sqlite: "sqlite: '1h'",
}

/** `cache.ts`: the chain of tiers, and its policy. */
export function cacheFile({ namespace, tiers: chosen }: Plan): string {
  return `import { createCache } from '@tierstack/cache-core'
${chosen.map((name) => imports[name]).join('\n')}

/** The cache of this service. Near tiers first: a read stops at the first that has the entry. */
export const cache = createCache({
  namespace: '${namespace}',
  tiers: [
${chosen.map((name) => `    ${tiers[name]},`).join('\n')}
  ],
  ttl: { ${chosen.map((name) => ttls[name]).join(', ')} },
  // A stale entry is served for so long while it is loaded anew behind, and for so long when loading fails.
  swr: '30s',
  staleIfError: '1h',
})
`
}

/** `database.ts`: the pool that loaders ask. */
export function databaseFile(): string {
  return `import pg from 'pg'

export const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })

// A connection that breaks while idle must not end the process; the next query opens another.
pool.on('error', (error) => console.error('database:', error.message))
`
}
