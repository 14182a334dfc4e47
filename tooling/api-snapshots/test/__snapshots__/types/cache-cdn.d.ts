// ./adapters/fastify
import type { CdnEdge } from '../cdn-edge.ts';
import type { RouteOptions } from './route.ts';
export interface FastifyLike {
    addHook(name: never, hook: never): unknown;
}
export declare function fastifyEdge(instance: FastifyLike, edge: CdnEdge, options?: RouteOptions): void;

// ./adapters/handler
import type { CdnEdge } from '../cdn-edge.ts';
import { Page } from './page.ts';
import type { Route, RouteOptions } from './route.ts';
export type WebHandler<Rest extends readonly unknown[] = []> = (request: Request, ...rest: Rest) => Response | Promise<Response>;
export declare function edgeHandler<Rest extends readonly unknown[]>(edge: CdnEdge, handler: WebHandler<Rest>, options?: RouteOptions): (request: Request, ...rest: Rest) => Promise<Response>;
export declare function planned(page: Page, route: Route, request: Request, response: Response): Promise<Response>;

// ./adapters/hono
import type { CdnEdge } from '../cdn-edge.ts';
import type { RouteOptions } from './route.ts';
export interface HonoContextLike {
    readonly req: {
        readonly raw: Request;
    };
    get res(): Response;
    set res(response: Response | undefined);
}
export declare function honoEdge(edge: CdnEdge, options?: RouteOptions): (context: HonoContextLike, next: () => Promise<void>) => Promise<void>;

// ./adapters/node-listener
import type { IncomingMessage, ServerResponse } from 'node:http';
export declare function nodeListener(handler: (request: Request) => Response | Promise<Response>): (request: IncomingMessage, response: ServerResponse) => void;

// ./adapters/node-middleware
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CdnEdge } from '../cdn-edge.ts';
import type { RouteOptions } from './route.ts';
export type NodeMiddleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;
export declare function edgeMiddleware(edge: CdnEdge, options?: RouteOptions): NodeMiddleware;

// ./adapters/route
import type { Duration } from '@tierstack/cache-core';
export interface RouteOptions {
    readonly anybody?: boolean;
    readonly ttl?: Duration;
    readonly browserTtl?: Duration;
    readonly maxEtagBytes?: number;
}
export interface Route {
    readonly anybody: boolean;
    readonly ttl?: number;
    readonly browserTtl: number;
    readonly maxEtagBytes: number;
}
export declare function resolveRoute(given?: RouteOptions): Route;

// ./adapters/static-assets
export interface AssetOptions {
    readonly folder: string;
    readonly prefix?: string;
    readonly hashed?: RegExp;
}
export declare function staticAssets(given: AssetOptions): (request: Request) => Promise<Response | undefined>;

// ./cdn-edge
import type { EdgePurge, EdgeTier } from '@tierstack/cache-core';
import type { PurgeStats } from './engine/purge-stats.ts';
import type { DeadLetter } from './engine/purge-queue.ts';
import type { CdnOptions } from './options.ts';
import type { HeaderPlan, PlanFacts } from './planner.ts';
import type { PurgeRequest } from './provider.ts';
export interface CdnEdge<N extends string = string> extends EdgeTier<N> {
    plan(facts: PlanFacts, address: string): HeaderPlan;
    dryRun(what: EdgePurge): Promise<readonly PurgeRequest[]>;
    tagFor(tag: string): string;
    deadLetters(): Promise<readonly DeadLetter[]>;
    stats(): Readonly<PurgeStats> & {
        readonly coarsened: number;
    };
}
export declare function cdn<const N extends string>(options: CdnOptions & {
    readonly name: N;
}): CdnEdge<N>;
export declare function cdn<const N extends string>(options: CdnOptions<N> & {
    readonly name?: undefined;
}): CdnEdge<N>;
export declare function cdn(options: CdnOptions): CdnEdge;

// ./engine/memory-queue
import type { PurgeQueue } from './purge-queue.ts';
export declare function memoryQueue(): PurgeQueue;

// ./engine/purge-queue
import type { EdgePurge } from '@tierstack/cache-core';
export interface Intent {
    readonly id: number;
    readonly what: EdgePurge;
}
export interface DeadLetter {
    readonly name: string;
    readonly error: string;
    readonly at: number;
}
export interface PurgeLane {
    put(what: EdgePurge): Promise<number>;
    settle(ids: readonly number[]): Promise<void>;
    takeOver(): Promise<readonly Intent[]>;
    bury(letter: DeadLetter): Promise<void>;
    dead(): Promise<readonly DeadLetter[]>;
    close(): Promise<void>;
}
export interface PurgeQueue {
    readonly durable: boolean;
    lane(name: string): PurgeLane;
}

// ./engine/purge-stats
export interface PurgeStats {
    calls: number;
    purged: number;
    failures: number;
    throttled: number;
    escalated: number;
    dead: number;
    takenOver: number;
}

// ./engine/sqlite-queue
import type { PurgeQueue } from './purge-queue.ts';
export interface SqliteQueueOptions {
    readonly path: string;
    readonly survives?: 'process' | 'machine';
}
export declare function sqliteQueue(given: SqliteQueueOptions): PurgeQueue;

// ./options
import type { Duration } from '@tierstack/cache-core';
import type { PurgeQueue } from './engine/purge-queue.ts';
import type { Fetch } from './engine/fetch.ts';
import type { Provider } from './provider.ts';
export interface CdnOptions<N extends string = string> {
    readonly provider: Provider<N>;
    readonly name?: string;
    readonly queue?: PurgeQueue;
    readonly inFlight?: Duration;
    readonly lead?: Duration;
    readonly spacing?: Duration;
    readonly wait?: Duration;
    readonly timeout?: Duration;
    readonly maxBackoff?: Duration;
    readonly maxDelay?: Duration;
    readonly share?: number;
    readonly maxTtl?: Duration;
    readonly negativeTtl?: Duration;
    readonly lagBudget?: Duration;
    readonly degradedTtl?: Duration;
    readonly index?: string;
    readonly hideCacheStatus?: boolean;
    readonly fetch?: Fetch;
    readonly random?: () => number;
}
export declare const optionNames: readonly (keyof CdnOptions)[];
export interface ResolvedOptions {
    readonly provider: Provider;
    readonly name: string;
    readonly queue: PurgeQueue;
    readonly inFlight: number;
    readonly lead: number | undefined;
    readonly spacing: number | undefined;
    readonly wait: number;
    readonly timeout: number;
    readonly maxBackoff: number;
    readonly maxDelay: number;
    readonly share: number;
    readonly maxTtl: number;
    readonly negativeTtl: number;
    readonly lagBudget: number;
    readonly degradedTtl: number;
    readonly index: string;
    readonly hideCacheStatus: boolean;
    readonly fetch: Fetch;
    readonly random: () => number;
}
export declare function resolveOptions(given: CdnOptions): ResolvedOptions;

// ./planner
import type { EntryRead } from '@tierstack/cache-core';
import type { Exchange } from './privacy.ts';
import type { ProviderContract } from './provider.ts';
import { WireTags } from './wire-tags.ts';
export interface PlanFacts extends Exchange {
    readonly reads: readonly EntryRead[];
    readonly took: number;
    readonly anybody?: boolean;
    readonly ttl?: number;
    readonly browserTtl?: number;
}
export interface HeaderPlan {
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly remove: readonly string[];
    readonly mode: 'public' | 'private' | 'uncached';
    readonly why: string;
    readonly tags: readonly string[];
    readonly coarsened: boolean;
}
export interface PlannerOptions {
    readonly contract: ProviderContract;
    readonly maxTtl: number;
    readonly negativeTtl: number;
    readonly inFlight: number;
    readonly cap: () => number;
    readonly hideCacheStatus: boolean;
}
export declare class Planner {
    #private;
    constructor(options: PlannerOptions);
    wires: (namespace: string) => WireTags;
    plan(facts: PlanFacts): HeaderPlan;
}

// ./privacy
export interface Exchange {
    readonly method: string;
    readonly status: number;
    readonly asked: HeaderReader;
    readonly answered: HeaderReader;
}
export interface HeaderReader {
    get(name: string): string | null;
}
export interface Objection {
    readonly mode: 'private' | 'uncached';
    readonly why: string;
}
export declare const freshnessHeaders: readonly ['cache-control', 'cdn-cache-control', 'cloudflare-cdn-cache-control', 'akamai-cache-control', 'netlify-cdn-cache-control', 'vercel-cdn-cache-control', 'surrogate-control', 'x-accel-expires', 'edge-control', 'expires', 'pragma'];
export declare function objectionTo(exchange: Exchange, anybody: boolean, vary: readonly string[]): Objection | undefined;

// ./provider
import type { Fetch } from './engine/fetch.ts';
export interface Source {
    readonly fact: string;
    readonly url: string;
    readonly read: string;
}
export interface TagRules {
    readonly header: string;
    readonly separator: ' ' | ',';
    readonly maxTags: number;
    readonly maxBytes: number;
}
export interface Bucket {
    readonly of: 'call' | 'item';
    readonly burst: number;
    readonly perSecond: number;
}
export interface ProviderContract {
    readonly tags: TagRules | undefined;
    readonly perCall: number;
    readonly maxBodyBytes: number;
    readonly buckets: readonly Bucket[];
    readonly soft: boolean;
    readonly settle: number;
    readonly parallel: number;
    readonly dialect: 'targeted' | 'surrogate' | 's-maxage' | 'x-accel';
    readonly vary: readonly string[];
    readonly sources: readonly Source[];
}
export interface PurgeBatch {
    readonly kind: 'tags' | 'urls';
    readonly names: readonly string[];
    readonly soft: boolean;
}
export interface PurgeRequest {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
}
export interface PurgeAnswer {
    readonly status: number;
    readonly headers: {
        get(name: string): string | null;
    };
    readonly body: string;
}
export type PurgeVerdict = {
    readonly ok: true;
} | {
    readonly ok: false;
    readonly why: 'after' | 'backoff' | 'split' | 'refused' | 'forbidden';
    readonly afterMs?: number;
    readonly error: string;
};
export interface Provider<N extends string = string> {
    readonly name: N;
    readonly contract: ProviderContract;
    requests(batch: PurgeBatch, at: Date): readonly PurgeRequest[] | Promise<readonly PurgeRequest[]>;
    verdict(answer: PurgeAnswer): PurgeVerdict;
    readonly fetch?: Fetch;
}

// ./providers/akamai
import type { Provider } from '../provider.ts';
export interface AkamaiOptions {
    readonly host?: string;
    readonly clientToken?: string;
    readonly clientSecret?: string;
    readonly accessToken?: string;
    readonly network?: 'production' | 'staging';
}
export declare function akamai(given?: AkamaiOptions): Provider<'akamai'>;

// ./providers/bunny
import type { Provider } from '../provider.ts';
export interface BunnyOptions {
    readonly pullZone?: string;
    readonly accessKey?: string;
    readonly api?: string;
}
export declare function bunny(given?: BunnyOptions): Provider<'bunny'>;

// ./providers/cloudflare
import type { Provider } from '../provider.ts';
type Plan = 'free' | 'pro' | 'business' | 'enterprise';
export interface CloudflareOptions {
    readonly zone?: string;
    readonly token?: string;
    readonly plan?: Plan;
    readonly api?: string;
}
export declare function cloudflare(given?: CloudflareOptions): Provider<'cloudflare'>;
export {};

// ./providers/cloudfront
import type { Provider } from '../provider.ts';
export interface CloudFrontOptions {
    readonly distribution?: string;
    readonly tagHeader?: string;
    readonly accessKeyId?: string;
    readonly secretAccessKey?: string;
    readonly sessionToken?: string;
    readonly api?: string;
}
export declare function cloudfront(given?: CloudFrontOptions): Provider<'cloudfront'>;

// ./providers/fastly
import type { Provider } from '../provider.ts';
export interface FastlyOptions {
    readonly service?: string;
    readonly token?: string;
    readonly api?: string;
}
export declare function fastly(given?: FastlyOptions): Provider<'fastly'>;

// ./providers/generic-http
import type { Provider, ProviderContract } from '../provider.ts';
export interface GenericHttpOptions {
    readonly url: string;
    readonly token?: string;
    readonly tagHeader?: string;
    readonly separator?: ' ' | ',';
    readonly perCall?: number;
    readonly maxTagBytes?: number;
    readonly dialect?: ProviderContract['dialect'];
}
export declare function genericHttp(given: GenericHttpOptions): Provider<'http'>;

// ./providers/google
import type { Provider } from '../provider.ts';
export interface GoogleCdnOptions {
    readonly project?: string;
    readonly urlMap?: string;
    readonly token?: string | (() => string | Promise<string>);
    readonly api?: string;
}
export declare function googleCdn(given?: GoogleCdnOptions): Provider<'google'>;

// ./providers/nginx
import type { Provider } from '../provider.ts';
export interface NginxOptions {
    readonly url: string | readonly string[];
    readonly token?: string;
    readonly by?: 'refresh' | 'purge';
    readonly host?: string;
}
export declare function nginx(given: NginxOptions): Provider<'nginx'>;
export interface NginxConfOptions {
    readonly backend: string;
    readonly token: string;
    readonly by?: 'refresh' | 'purge';
    readonly folder: string;
    readonly listen: string;
}
export declare function nginxConf(given: NginxConfOptions): string;

// ./providers/varnish
import type { Provider } from '../provider.ts';
export interface VarnishOptions {
    readonly url: string | readonly string[];
    readonly token?: string;
    readonly by?: 'xkey' | 'ban';
}
export declare function varnish(given: VarnishOptions): Provider<'varnish'>;
export interface VarnishVclOptions {
    readonly backend: {
        readonly host: string;
        readonly port: number;
    };
    readonly token: string;
    readonly by?: 'xkey' | 'ban';
    readonly purgers?: readonly string[];
}
export declare function varnishVcl(given: VarnishVclOptions): string;
