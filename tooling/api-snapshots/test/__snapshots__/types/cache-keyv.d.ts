// ./keyv-like
export interface KeyvLike {
    readonly store: unknown;
    readonly stats: unknown;
    get(keys: string[]): Promise<readonly unknown[]>;
    set(key: string, value: unknown, ttl?: number): Promise<unknown>;
    delete(keys: string[]): Promise<unknown>;
    on?(event: 'error', listener: (error: unknown) => void): unknown;
    off?(event: 'error', listener: (error: unknown) => void): unknown;
}
export interface KeyvAdapterLike {
    readonly capabilities?: {
        readonly expires?: boolean;
    };
    get(key: string): unknown;
    set(key: string, value: never, expiry?: number): unknown;
    delete(key: string): unknown;
    getMany?(keys: string[]): Promise<readonly unknown[]>;
    deleteMany?(keys: string[]): Promise<unknown>;
    on?(event: 'error', listener: (error: unknown) => void): unknown;
    off?(event: 'error', listener: (error: unknown) => void): unknown;
}
export declare function isKeyv(store: KeyvLike | KeyvAdapterLike): store is KeyvLike;
export declare function isInProcess(store: unknown): boolean;

// ./keyv-store
export interface KeyvStoreOptions {
    readonly keyv?: 5 | 6;
}
export interface KeyvCachePart {
    get(key: string): Promise<unknown>;
    getMany(keys: readonly string[]): Promise<readonly unknown[]>;
    has(key: string): Promise<boolean>;
    set(key: string, value: unknown, options: {
        readonly ttl: number;
    }): Promise<void>;
    delete(...keys: string[]): Promise<unknown>;
    clear(): Promise<unknown>;
}
export interface KeyvCache {
    namespace(name: string, policy: KeyvPartPolicy): KeyvCachePart;
}
export interface KeyvPartPolicy {
    readonly swr: 0;
    readonly staleIfError: 0;
    readonly jitter: false;
    readonly refreshAhead: false;
    readonly idleTtl: number;
    readonly isolation: 'clone';
}
export interface KeyvStoreCapabilities {
    readonly compatible: true;
    readonly store: 'keyvStorage';
    readonly methods: Readonly<Record<string, {
        readonly exists: boolean;
        readonly methodType: 'async' | 'none';
    }>>;
    readonly expires: true;
}
export interface KeyvStoreVerbs {
    namespace: string | undefined;
    opts: Record<string, unknown>;
    get<V>(key: string): Promise<V | undefined>;
    getMany<V>(keys: string[]): Promise<(V | undefined)[]>;
    has(key: string): Promise<boolean>;
    hasMany(keys: string[]): Promise<boolean[]>;
    set(key: string, value: unknown, expiry?: number): Promise<boolean>;
    delete(key: string): Promise<boolean>;
    clear(): Promise<void>;
    disconnect(): Promise<void>;
}
export interface Keyv5Store extends KeyvStoreVerbs {
    setMany(entries: readonly {
        readonly key: string;
        readonly value: unknown;
        readonly ttl?: number;
    }[]): Promise<void>;
    deleteMany(keys: string[]): Promise<boolean>;
    on(event: string, listener: (...args: unknown[]) => void): this;
}
export interface Keyv6Store extends KeyvStoreVerbs {
    readonly capabilities: KeyvStoreCapabilities;
    setMany(entries: readonly {
        readonly key: string;
        readonly value: unknown;
        readonly expires?: number;
    }[]): Promise<boolean[]>;
    deleteMany(keys: string[]): Promise<boolean[]>;
}
export declare function keyvStore(cache: KeyvCache, options?: {
    readonly keyv?: 6;
}): Keyv6Store;
export declare function keyvStore(cache: KeyvCache, options: {
    readonly keyv: 5;
}): Keyv5Store;

// ./keyv-tier
import type { RemoteTier } from '@tierstack/cache-core';
import type { KeyvAdapterLike, KeyvLike } from './keyv-like.ts';
import type { KeyvTierOptions } from './options.ts';
export declare function keyvTier(store: KeyvLike | KeyvAdapterLike, options?: KeyvTierOptions & {
    readonly name?: undefined;
}): RemoteTier<'keyv'>;
export declare function keyvTier<const N extends string>(store: KeyvLike | KeyvAdapterLike, options: KeyvTierOptions & {
    readonly name: N;
}): RemoteTier<N>;
export declare function keyvTier(store: KeyvLike | KeyvAdapterLike, options: KeyvTierOptions): RemoteTier;

// ./options
import type { Bytes, Codec, RemoteCapabilities } from '@tierstack/cache-core';
export interface KeyvTierOptions {
    readonly name?: string;
    readonly prefix?: string;
    readonly shared?: RemoteCapabilities['shared'];
    readonly maxValueBytes?: Bytes;
    readonly codec?: Codec;
}
export interface ResolvedKeyvTierOptions {
    readonly name: string;
    readonly prefix: string;
    readonly shared: RemoteCapabilities['shared'] | undefined;
    readonly maxValueBytes: number;
    readonly codec: Codec;
}
export declare const optionNames: readonly (keyof KeyvTierOptions)[];
export declare function resolveOptions(given: KeyvTierOptions): ResolvedKeyvTierOptions;
