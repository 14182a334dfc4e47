// ./algorithms
export type CompressionAlgorithm = 'zstd' | 'brotli' | 'gzip';
export interface Algorithm {
    readonly id: number;
    readonly levels: readonly [least: number, most: number];
    readonly defaultLevel: number;
    readonly shrink: (bytes: Uint8Array, level: number) => Uint8Array;
    readonly grow: (bytes: Uint8Array, maxBytes: number) => Uint8Array;
}
export declare function algorithmsOf(runtime: object): ReadonlyMap<CompressionAlgorithm, Algorithm>;
export declare const algorithms: ReadonlyMap<CompressionAlgorithm, Algorithm>;

// ./compress
import type { Transform } from '@tierstack/cache-core';
import type { CompressOptions } from './options.ts';
export declare function compress(options?: CompressOptions): readonly Transform[];

// ./encrypt
import type { Encryption } from '@tierstack/cache-core';
import type { KeySource } from './secret.ts';
export interface EncryptOptions {
    readonly keys: KeySource;
    readonly name?: string;
}
export declare function encrypt(options: EncryptOptions): Encryption;

// ./hmac-keys
import type { KeyHash } from '@tierstack/cache-core';
import type { SecretKey } from './secret.ts';
export interface HmacKeysOptions {
    readonly secret: SecretKey['secret'];
}
export declare function hmacKeys(options: HmacKeysOptions): KeyHash;

// ./json
import type { Codec } from '@tierstack/cache-core';
export declare function json(): Codec;

// ./key-provider
import type { Clock, Duration, MaybePromise } from '@tierstack/cache-core';
import type { KeyMemoryOptions } from './key-memory.ts';
import type { KeySource, SecretKey } from './secret.ts';
export interface KeyMemorySettings {
    readonly freshFor?: Duration;
    readonly usableFor?: Duration;
    readonly retryAfter?: Duration;
    readonly timeout?: Duration;
    readonly clock?: Clock;
}
export interface KeyProviderOptions extends KeyMemorySettings {
    current(tenant: string): MaybePromise<SecretKey>;
    byId(id: string, tenant: string): MaybePromise<SecretKey | undefined>;
}
export declare const memoryKeys: readonly ['freshFor', 'usableFor', 'retryAfter', 'timeout', 'clock'];
export declare function resolveMemory(given: KeyMemorySettings): KeyMemoryOptions;
export declare const ofTenant: (tenant: string) => string;
export declare function keyProvider(options: KeyProviderOptions): KeySource;

// ./key-ring
import type { KeySource, SecretKey } from './secret.ts';
export interface KeyRing extends KeySource {
    readonly ids: readonly string[];
    rotate(key: SecretKey): void;
    retire(id: string): void;
}
export declare function keyRing(keys: readonly SecretKey[]): KeyRing;

// ./msgpack
import type { Codec } from '@tierstack/cache-core';
export declare function msgpack(): Codec;

// ./options
import type { Bytes } from '@tierstack/cache-core';
import type { CompressionAlgorithm } from './algorithms.ts';
export interface CompressOptions {
    readonly threshold?: Bytes;
    readonly algorithm?: CompressionAlgorithm;
    readonly level?: number;
    readonly name?: string;
}
export interface ResolvedCompressOptions {
    readonly threshold: number;
    readonly algorithm: CompressionAlgorithm;
    readonly level: number;
    readonly name: string;
}
export declare function resolveOptions(given: CompressOptions): ResolvedCompressOptions;

// ./secret
import type { MaybePromise } from '@tierstack/cache-core';
export interface SecretKey {
    readonly id: string;
    readonly secret: Uint8Array | string;
}
export interface KeySource {
    current(tenant: string): MaybePromise<SecretKey>;
    byId(id: string, tenant: string): MaybePromise<SecretKey | undefined>;
    forget(tenant: string): void;
}
export declare function secretBytes(what: string, { id, secret }: SecretKey): Uint8Array;

// ./tenant-keys
import type { KeyMemorySettings } from './key-provider.ts';
import type { KeySource } from './secret.ts';
export interface WrappedKey {
    readonly id: string;
    readonly masterId: string;
    readonly sealed: string;
}
export interface DataKeyStore {
    list(tenant: string): Promise<readonly WrappedKey[]>;
    put(tenant: string, key: WrappedKey): Promise<void>;
    remove(tenant: string, id?: string): Promise<void>;
}
export interface TenantKeysOptions extends KeyMemorySettings {
    readonly master: KeySource;
    readonly store: DataKeyStore;
}
export interface TenantKeys extends KeySource {
    rotate(tenant: string): Promise<void>;
    retire(tenant: string, id: string): Promise<void>;
    shred(tenant: string): Promise<void>;
    rewrap(tenant: string): Promise<void>;
}
export declare function tenantKeys(options: TenantKeysOptions): TenantKeys;
