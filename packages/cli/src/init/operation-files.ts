import { feedName } from './plan.ts'
import type { Plan } from './plan.ts'
import { sqlTable } from './sql-names.ts'

/** `invalidation.ts`: what changes in the database, by whomever, is removed from the cache. */
export function invalidationFile({ tables }: Plan): string {
  return `import { changeFeed, logicalReplication } from '@tierstack/cache-postgres'
import type { ChangeFeed } from '@tierstack/cache-postgres'
import { cache } from './cache.ts'

/**
 * Follows the database: a row changed in psql, by a migration or by another service is removed from every tier and
 * process. Start it in every process: one follows, the others stand by. change-feed.sql has what the server needs.
 */
export function followDatabase(): ChangeFeed {
  const connection = process.env['DATABASE_URL']
  if (connection === undefined) throw new Error('Expected DATABASE_URL to be set, got nothing')
  const feed = changeFeed({
    cache,
    source: logicalReplication({ connection, tables: [${tables.map((table) => `'${feedName(table)}'`).join(', ')}] }),
  })
  feed.on('warning', (finding) => console.warn('change feed:', finding))
  feed.on('gap', (gap) => console.warn('change feed: changes may have been missed, the cache was cleared', gap))
  return feed
}
`
}

/** `monitoring.ts`: metrics for Prometheus, and the endpoint for the command line. */
export function monitoringFile(): string {
  return `import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { measure } from '@tierstack/cache-metrics'
import { admin } from '@tierstack/cache-metrics/admin'
import { metricsPage } from '@tierstack/cache-metrics/prometheus'
import { cache } from './cache.ts'

/**
 * Serves /metrics for Prometheus, and below /-/cache what \`npx @tierstack/cache-cli\` asks (off without
 * CACHE_ADMIN_TOKEN). Listens on this machine only: let nothing from outside reach it.
 */
export function serveMonitoring(port = 9464): Server {
  const page = metricsPage()
  measure(cache, { meterProvider: page.meterProvider })
  const operator = admin(cache, { token: process.env['CACHE_ADMIN_TOKEN'], prefix: '/-/cache' })
  cache.on('degraded', ({ tier, why, error }) => console.warn('cache: tier', tier, 'is out of use:', why, error))
  cache.on('recovered', ({ tier, downMs }) => console.warn('cache: tier', tier, 'is back after', downMs, 'ms'))
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (operator.owns(pathname)) operator.answer(request, response)
    else if (pathname === '/metrics') page.answer(request, response)
    else response.writeHead(404).end()
  }).listen(port, '127.0.0.1')
}
`
}

/** `change-feed.sql`: what the server needs once, to be run by an administrator. */
export function feedSql({ tables }: Plan): string {
  return `-- Once, as an administrator. The service's role (here: app) then follows the changes of these tables.
-- wal_level needs a restart of the server.
ALTER SYSTEM SET wal_level = 'logical';
-- A reader that is away keeps the log on the server's disk: past this the slot is given up, never the disk.
ALTER SYSTEM SET max_slot_wal_keep_size = '10GB';

-- ALTER ROLE app REPLICATION;

CREATE PUBLICATION tierstack FOR TABLE ${tables.map(sqlTable).join(', ')};
`
}

/** `redis.conf`: a Redis that is a cache and nothing else. */
export function redisConf(): string {
  return `# A full server makes room by what is seldom used, instead of refusing writes.
maxmemory 512mb
maxmemory-policy allkeys-lfu
# What a restarted server has is not trusted anyway: nothing is written to disk.
save ""
appendonly no
# A subscriber that is behind for a while is not cut off at once.
client-output-buffer-limit pubsub 32mb 8mb 60
tcp-keepalive 300
# Nobody comes in without a password; the service's user may touch its own keys and channels only. Give the SHA-256 of
# its password (printf %s "$PASSWORD" | sha256sum), then take both lines in:
# user default off ~* &* +@all
# user app on #<sha256> ~ts:* &ts:* +@all -@admin -@dangerous +info +client +script
`
}

/** `compose.yaml`: Redis, Prometheus and Grafana for development. */
export function composeFile(): string {
  return `# For development: docker compose -f ops/compose.yaml up
services:
  redis:
    image: redis:7
    command:
      - redis-server
      - --maxmemory
      - 512mb
      - --maxmemory-policy
      - allkeys-lfu
      - --save
      - ''
      - --client-output-buffer-limit
      - pubsub 32mb 8mb 60
      - --requirepass
      - \${REDIS_PASSWORD:?set REDIS_PASSWORD}
    ports: ['127.0.0.1:6379:6379']
  prometheus:
    image: prom/prometheus
    volumes:
      - ./prometheus.yml:/etc/prometheus/prometheus.yml:ro
      - ./prometheus-rules.yml:/etc/prometheus/prometheus-rules.yml:ro
    network_mode: host
  grafana:
    image: grafana/grafana
    volumes:
      - ./grafana-dashboard.json:/var/lib/grafana/dashboards/tierstack.json:ro
    network_mode: host
`
}

/** `prometheus.yml`: where the metrics of the service are. */
export function prometheusFile(): string {
  return `global:
  scrape_interval: 5s
  evaluation_interval: 5s
rule_files: [prometheus-rules.yml]
scrape_configs:
  - job_name: cache
    static_configs:
      - targets: ['127.0.0.1:9464']
`
}
