export type { EdgePurge, EdgeTier } from '@tierstack/cache-core'
export { edgeHandler } from './adapters/handler.ts'
export type { WebHandler } from './adapters/handler.ts'
export { fastifyEdge } from './adapters/fastify.ts'
export type { FastifyLike } from './adapters/fastify.ts'
export { honoEdge } from './adapters/hono.ts'
export type { HonoContextLike } from './adapters/hono.ts'
export { nodeListener } from './adapters/node-listener.ts'
export { edgeMiddleware } from './adapters/node-middleware.ts'
export type { NodeMiddleware } from './adapters/node-middleware.ts'
export type { RouteOptions } from './adapters/route.ts'
export { staticAssets } from './adapters/static-assets.ts'
export type { AssetOptions } from './adapters/static-assets.ts'
export { cdn } from './cdn-edge.ts'
export type { CdnEdge } from './cdn-edge.ts'
export { memoryQueue } from './engine/memory-queue.ts'
export type { PurgeStats } from './engine/purge-stats.ts'
export type { DeadLetter, Intent, PurgeLane, PurgeQueue } from './engine/purge-queue.ts'
export { sqliteQueue } from './engine/sqlite-queue.ts'
export type { SqliteQueueOptions } from './engine/sqlite-queue.ts'
export type { CdnOptions } from './options.ts'
export type { HeaderPlan, PlanFacts } from './planner.ts'
export type { Exchange, HeaderReader } from './privacy.ts'
export type {
  Bucket,
  Provider,
  ProviderContract,
  PurgeAnswer,
  PurgeBatch,
  PurgeRequest,
  PurgeVerdict,
  Source,
  TagRules,
} from './provider.ts'
export { akamai } from './providers/akamai.ts'
export type { AkamaiOptions } from './providers/akamai.ts'
export { bunny } from './providers/bunny.ts'
export type { BunnyOptions } from './providers/bunny.ts'
export { cloudflare } from './providers/cloudflare.ts'
export type { CloudflareOptions } from './providers/cloudflare.ts'
export { cloudfront } from './providers/cloudfront.ts'
export type { CloudFrontOptions } from './providers/cloudfront.ts'
export { fastly } from './providers/fastly.ts'
export type { FastlyOptions } from './providers/fastly.ts'
export { genericHttp } from './providers/generic-http.ts'
export type { GenericHttpOptions } from './providers/generic-http.ts'
export { googleCdn } from './providers/google.ts'
export type { GoogleCdnOptions } from './providers/google.ts'
export { nginx, nginxConf } from './providers/nginx.ts'
export type { NginxConfOptions, NginxOptions } from './providers/nginx.ts'
export { varnish, varnishVcl } from './providers/varnish.ts'
export type { VarnishOptions, VarnishVclOptions } from './providers/varnish.ts'
