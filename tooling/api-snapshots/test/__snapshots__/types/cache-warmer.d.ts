// ./hot-keys
import type { Cache, Cached, KeyOf } from '@tierstack/cache-core';
import type { Source } from './source.ts';
export interface HotKeysOptions<K> {
    readonly capacity?: number;
    readonly sample?: number;
    readonly limit?: number;
    readonly inputOf?: (key: string) => K | undefined;
}
export interface HotKeys<K> {
    readonly source: Source<K>;
    top(limit: number): K[];
    age(): void;
    stop(): void;
}
export declare function hotKeys<K extends KeyOf>(cache: Pick<Cache, 'on'>, cached: Pick<Cached<K, unknown>, 'keyFor'>, options?: HotKeysOptions<K>): HotKeys<K>;

// ./leader
import type { QueryClient } from './source.ts';
export interface Leader {
    lead(name: string, holdMs: number): Promise<boolean>;
    resign(name: string): Promise<void>;
}
export declare function sqlLeader(client: QueryClient): Leader;
export type CommandClient = {
    call(command: string, ...words: string[]): Promise<unknown>;
} | {
    sendCommand(words: string[]): Promise<unknown>;
};
export declare function redisLeader(client: CommandClient, prefix?: string): Leader;

// ./options
import type { Cached, Clock, Duration, KeyOf } from '@tierstack/cache-core';
import type { Leader } from './leader.ts';
import type { RowSource } from './rows.ts';
import type { Source } from './source.ts';
export interface WarmTask {
    readonly name: string;
    readonly run: (limits: WarmLimits) => ReturnType<Cached<KeyOf, unknown>['warm']>;
}
export interface WarmLimits {
    readonly signal: AbortSignal;
    readonly concurrency: number | undefined;
    readonly batch: number | undefined;
    readonly rate: number | undefined;
    readonly progress: (done: {
        readonly loaded: number;
        readonly skipped: number;
        readonly failed: number;
    }) => void;
}
export declare function warm<K extends KeyOf, V>(name: string, cached: Pick<Cached<K, V>, 'warm' | 'warmRows'>, source: Source<K> | RowSource<NoInfer<K>, NoInfer<V>>): WarmTask;
export declare function fromKeys<K>(keys: Iterable<K> | AsyncIterable<K> | (() => Iterable<K> | AsyncIterable<K>)): Source<K>;
export interface WarmerOptions {
    readonly tasks: readonly WarmTask[];
    readonly parallel?: number;
    readonly concurrency?: number;
    readonly batch?: number;
    readonly rate?: number;
    readonly leader?: Leader;
    readonly name?: string;
    readonly hold?: Duration;
    readonly clock?: Clock;
    readonly random?: () => number;
}
export interface ResolvedOptions {
    readonly tasks: readonly WarmTask[];
    readonly parallel: number;
    readonly concurrency: number | undefined;
    readonly batch: number | undefined;
    readonly rate: number | undefined;
    readonly leader: Leader | undefined;
    readonly name: string;
    readonly hold: number;
    readonly clock: Clock;
    readonly random: () => number;
}
export declare const optionNames: readonly ['tasks', 'parallel', 'concurrency', 'batch', 'rate', 'leader', 'name', 'hold', 'clock', 'random'];
export declare function resolveOptions(given: WarmerOptions): ResolvedOptions;

// ./progress-bar
import type { RunOptions } from './warmer.ts';
export declare function progressBar(options: {
    readonly total: number;
    readonly output?: NodeJS.WriteStream;
}): {
    readonly progress: NonNullable<RunOptions['progress']>;
    stop(report?: {
        readonly seconds: number;
    }): void;
};

// ./rows
import type { NextRows } from '@tierstack/cache-core';
import type { QueryClient } from './source.ts';
export interface RowSource<K, V> {
    open(): NextRows<K, V>;
}
export interface RowsOptions<R extends object, K, V> {
    readonly client: QueryClient;
    readonly text: string | URL;
    readonly after: unknown;
    readonly input: (row: R) => K;
    readonly value?: (row: R) => V;
    readonly next?: (row: R) => unknown;
    readonly page?: number;
}
export declare function fromRows<R extends object, K, V = R>(options: RowsOptions<R, K, V>): RowSource<K, V>;

// ./snapshot
import type { Cached, KeyOf, LocalTier } from '@tierstack/cache-core';
import type { Source } from './source.ts';
export interface SnapshotOptions<K> {
    readonly path: string;
    readonly limit?: number;
    readonly inputOf?: (key: string) => K | undefined;
}
export interface Snapshot<K> {
    save(): Promise<number>;
    readonly source: Source<K>;
}
export declare function snapshot<K extends KeyOf>(tier: Pick<LocalTier, 'keys'>, cached: Pick<Cached<K, unknown>, 'keyFor'>, options: SnapshotOptions<K>): Snapshot<K>;

// ./source
type Inputs<K> = Iterable<K> | AsyncIterable<K>;
export type Source<K> = (context: {
    readonly signal: AbortSignal;
}) => Inputs<K> | Promise<Inputs<K>>;
export interface QueryClient {
    query(text: string, values: unknown[]): Promise<{
        readonly rows: readonly object[];
    } | readonly object[]>;
}
export interface SqlOptions<K> {
    readonly client: QueryClient;
    readonly text: string | URL;
    readonly values?: readonly unknown[];
    readonly input?: (row: never) => K;
}
export declare function fromSql<K = unknown>(options: SqlOptions<K>): Source<K>;
export interface AccessLogOptions<K> {
    readonly client: QueryClient;
    readonly table?: string;
    readonly column: string;
    readonly time?: string;
    readonly hours?: number;
    readonly limit?: number;
    readonly input?: (value: never) => K;
}
export declare function fromAccessLog<K = unknown>(options: AccessLogOptions<K>): Source<K>;
export {};

// ./warmer
import type { Duration } from '@tierstack/cache-core';
import type { WarmerOptions } from './options.ts';
export interface TaskReport {
    readonly name: string;
    readonly loaded: number;
    readonly skipped: number;
    readonly errors: readonly {
        readonly key: string;
        readonly error: unknown;
    }[];
    readonly seconds: number;
    readonly failure: unknown;
}
export interface RunReport {
    readonly tasks: readonly TaskReport[];
    readonly seconds: number;
    readonly elsewhere: boolean;
    readonly cancelled: boolean;
}
export interface TaskProgress {
    readonly name: string;
    readonly loaded: number;
    readonly skipped: number;
    readonly failed: number;
}
export interface RunOptions {
    readonly signal?: AbortSignal;
    readonly progress?: (progress: TaskProgress) => void;
}
export interface ScheduleOptions extends RunOptions {
    readonly jitter?: Duration;
    readonly done?: (report: RunReport) => void;
}
export interface Warmer {
    runOnce(options?: RunOptions): Promise<RunReport>;
    cron(expression: string, options?: ScheduleOptions): () => void;
    every(interval: Duration, options?: ScheduleOptions): () => void;
}
export declare function createWarmer(options: WarmerOptions): Warmer;
