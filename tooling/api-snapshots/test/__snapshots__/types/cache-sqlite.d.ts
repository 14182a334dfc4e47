// ./options
import type { Bytes, Codec, Duration } from '@tierstack/cache-core';
export interface SqliteOptions {
    readonly path: string;
    readonly name?: string;
    readonly maxBytes?: Bytes;
    readonly maxValueBytes?: Bytes;
    readonly codec?: Codec;
    readonly poll?: Duration;
    readonly tagTtl?: Duration;
}
export interface ResolvedOptions {
    readonly path: string;
    readonly name: string;
    readonly maxBytes: number;
    readonly maxValueBytes: number;
    readonly codec: Codec;
    readonly poll: number;
    readonly tagTtl: number;
}
export declare const memoryPath = ":memory:";
export declare function resolveOptions(given: SqliteOptions): ResolvedOptions;
export declare function checkPath(path: unknown): string;

// ./sqlite
import type { Coherence, RemoteTier } from '@tierstack/cache-core';
import type { SqliteOptions } from './options.ts';
export interface SqliteTier<N extends string = string> extends RemoteTier<N> {
    readonly coherence: Coherence;
}
export declare function sqlite(options: SqliteOptions & {
    readonly name?: undefined;
}): SqliteTier<'sqlite'>;
export declare function sqlite<const N extends string>(options: SqliteOptions & {
    readonly name: N;
}): SqliteTier<N>;
export declare function sqlite(options: SqliteOptions): SqliteTier;

// ./write-queue
import type { Codec, WriteQueue } from '@tierstack/cache-core';
export interface SqliteQueueOptions {
    readonly path: string;
    readonly name?: string;
    readonly codec?: Codec;
}
export declare function sqliteWriteQueue(options: SqliteQueueOptions): WriteQueue;
