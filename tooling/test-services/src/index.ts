/**
 * Real servers for tests, on 127.0.0.1 and free ports, in temporary folders that go with the test process
 * (also when it is killed).
 *
 * Integration tests (`test/integration/*.test.ts`) share one Redis and one PostgreSQL per run:
 * `inject('redisUrl')` and `inject('databaseUrl')` of vitest, or TEST_REDIS_URL and TEST_DATABASE_URL in the
 * environment (child processes inherit them). Others use them at the same time: take a key prefix or a schema
 * of your own and never flush. A test that flushes, pauses, kills or configures a server starts its own:
 *
 * ```ts
 * const redis = await startRedis({ args: ['--maxmemory', '2mb'] })      // redis.url
 * const tls = makeCertificates()
 * const secure = await startRedis({ tls, users: ['user app on >secret ~* &* +@all', 'user default off'] })
 * const cluster = await startRedisCluster(3)                            // cluster.nodes[0].url
 * const watched = await startSentinel({ replicas: 1, sentinels: 3 })    // watched.sentinels, watched.name
 * const postgres = await startPostgres({ settings: { wal_level: 'logical' } })
 * const varnish = await startVarnish({ vcl })                           // varnish.url
 * const nginx = await startNginx({ http: ({ listen, folder }) => conf })
 * const browser = await startChromium()                                 // browser.open(url, { scheme: 'dark' })
 * ```
 *
 * Every one has `stop()` and works with `await using`.
 */
export { makeCertificates, type Certificates } from './certificates.ts'
export { startChromium, type BrowserPage, type Chromium } from './chromium.ts'
export { freePort } from './free-port.ts'
export { NoServerError } from './place.ts'
export { startNginx, type NginxServer, type NginxServerOptions } from './nginx.ts'
export { startPostgres, startStandby, type PostgresOptions, type PostgresServer } from './postgres.ts'
export {
  promtool,
  startPrometheus,
  type FiringAlert,
  type PrometheusOptions,
  type PrometheusServer,
  type QueriedSample,
} from './prometheus.ts'
export { startRedisCluster, type RedisCluster } from './redis-cluster.ts'
export { startSentinel, type SentinelOptions, type SentinelSetup } from './redis-sentinel.ts'
export { startRedis, type RedisOptions, type RedisServer } from './redis.ts'
export { prepareSecuredRun, securedRun, type SecuredRun } from './secured.ts'
export { startServices, type Services } from './services.ts'
export { until } from './until.ts'
export { startVarnish, type VarnishServer, type VarnishServerOptions } from './varnish.ts'
