// ./acl
export interface AclOptions {
    readonly prefix?: string;
    readonly bus?: 'pubsub' | 'tracking';
    readonly cluster?: boolean;
    readonly writeQueue?: boolean;
}
export interface RequiredAcl {
    readonly commands: readonly string[];
    readonly keys: readonly string[];
    readonly channels: readonly string[];
    readonly rules: string;
}
export declare function requiredAcl(options?: AclOptions): RequiredAcl;

// ./client
export interface IoRedisClient {
    readonly status: string;
    callBuffer: (...args: any[]) => any;
    pipeline: (...args: any[]) => any;
    duplicate: (...args: any[]) => any;
    on: (event: any, listener: (...args: any[]) => void) => unknown;
}
export interface IoRedisCluster {
    readonly status: string;
    readonly slots: string[][];
    nodes: (role?: 'master') => unknown[];
    refreshSlotsCache: (...args: any[]) => any;
    on: (event: any, listener: (...args: any[]) => void) => unknown;
}
export interface NodeRedisClient {
    readonly isOpen: boolean;
    readonly isReady: boolean;
    sendCommand: (...args: any[]) => any;
    duplicate: (...args: any[]) => any;
    on: (event: any, listener: (...args: any[]) => void) => unknown;
}
export interface NodeRedisCluster {
    readonly isOpen: boolean;
    readonly slots: unknown[];
    readonly masters: unknown[];
    nodeClient: (...args: any[]) => any;
    on: (event: any, listener: (...args: any[]) => void) => unknown;
}
export interface NodeRedisSentinel {
    readonly isOpen: boolean;
    readonly isReady: boolean;
    acquire: (...args: any[]) => any;
    getMasterNode: (...args: any[]) => any;
    on: (event: any, listener: (...args: any[]) => void) => unknown;
}
export type RedisClient = IoRedisClient | IoRedisCluster | NodeRedisClient | NodeRedisCluster | NodeRedisSentinel;
export type ClientKind = 'ioredis' | 'ioredis-cluster' | 'node-redis' | 'node-redis-cluster' | 'node-redis-sentinel';
export declare function kindOf(client: unknown): ClientKind;

// ./credentials
import type { MaybePromise } from '@tierstack/cache-core';
export interface Credentials {
    readonly username?: string | undefined;
    readonly password: string;
}
interface Client {
    readonly options: object;
}
export declare class Renewal {
    #private;
    constructor(ask: () => MaybePromise<Credentials>, client: Client);
    renew(): Promise<void>;
}
export declare function sameAccess(of: Client, client: Client): void;
export {};

// ./options
import type { ConnectionOptions } from 'node:tls';
import type { Bytes, Codec, Duration, MaybePromise } from '@tierstack/cache-core';
import type { RedisClient } from './client.ts';
import type { Credentials } from './credentials.ts';
export interface RedisOptions {
    readonly url?: string | undefined;
    readonly client?: RedisClient | undefined;
    readonly sentinels?: readonly string[] | undefined;
    readonly sentinelName?: string | undefined;
    readonly cluster?: readonly string[] | undefined;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    readonly credentials?: (() => MaybePromise<Credentials>) | undefined;
    readonly tls?: ConnectionOptions | true | undefined;
    readonly name?: string;
    readonly prefix?: string;
    readonly buckets?: number;
    readonly bus?: 'pubsub' | 'tracking';
    readonly heartbeat?: Duration;
    readonly silence?: Duration;
    readonly maxValueBytes?: Bytes;
    readonly codec?: Codec;
    readonly wait?: {
        readonly replicas: number;
        readonly timeout: Duration;
    } | undefined;
    readonly tagTtl?: Duration;
}
export interface ResolvedOptions {
    readonly url: string | undefined;
    readonly client: RedisClient | undefined;
    readonly sentinels: readonly string[] | undefined;
    readonly sentinelName: string | undefined;
    readonly cluster: readonly string[] | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly credentials: (() => MaybePromise<Credentials>) | undefined;
    readonly tls: ConnectionOptions | true | undefined;
    readonly name: string;
    readonly prefix: string;
    readonly buckets: number;
    readonly bus: 'pubsub' | 'tracking';
    readonly heartbeat: number;
    readonly silence: number;
    readonly maxValueBytes: number;
    readonly codec: Codec;
    readonly wait: {
        readonly replicas: number;
        readonly timeout: number;
    } | undefined;
    readonly tagTtl: number;
}
export declare function resolveOptions(given: RedisOptions): ResolvedOptions;

// ./queue-options
import type { RedisOptions, ResolvedOptions } from './options.ts';
type Shared = 'url' | 'client' | 'sentinels' | 'sentinelName' | 'cluster' | 'username' | 'password' | 'tls' | 'prefix' | 'codec' | 'wait';
export interface RedisQueueOptions extends Pick<RedisOptions, Shared> {
    readonly name?: string;
    readonly durability?: 'checked' | 'unchecked';
}
export interface ResolvedQueueOptions {
    readonly durability: 'checked' | 'unchecked';
    readonly connection: ResolvedOptions;
}
export declare function resolveQueueOptions(given: RedisQueueOptions): ResolvedQueueOptions;
export {};

// ./redis
import type { Coherence, RemoteTier } from '@tierstack/cache-core';
import type { RedisOptions } from './options.ts';
export interface RedisRemoteTier<N extends string = string> extends RemoteTier<N> {
    readonly coherence: Coherence;
}
export declare function redis(options: RedisOptions & {
    readonly name?: undefined;
}): RedisRemoteTier<'redis'>;
export declare function redis<const N extends string>(options: RedisOptions & {
    readonly name: N;
}): RedisRemoteTier<N>;
export declare function redis(options: RedisOptions): RedisRemoteTier;

// ./write-queue
import type { WriteQueue } from '@tierstack/cache-core';
import type { RedisQueueOptions } from './queue-options.ts';
export declare function redisWriteQueue(options: RedisQueueOptions): WriteQueue;
