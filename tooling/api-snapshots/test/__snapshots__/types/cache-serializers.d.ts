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

// ./json
import type { Codec } from '@tierstack/cache-core';
export declare function json(): Codec;

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
