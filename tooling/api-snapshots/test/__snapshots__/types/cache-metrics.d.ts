// ./advice
export interface Advice {
    readonly kind: 'low-hit-rate' | 'never-hit' | 'ttl-too-short' | 'ttl-too-long' | 'oversized' | 'hot-key' | 'memory-too-small' | 'source-saved';
    readonly definition: string | undefined;
    readonly tier: string | undefined;
    readonly found: string;
    readonly fix: string;
    readonly figures: Readonly<Record<string, number>>;
}
export interface Reloads {
    readonly changed: number;
    readonly same: number;
}
export declare const percent: (share: number) => string;
export declare function duration(ms: number): string;

// ./advisor
import type { CacheStats, Defined, EventMap, EventName } from '@tierstack/cache-core';
import type { Advice } from './advice.ts';
export interface Advised {
    stats(): CacheStats;
    definitions(): readonly Defined[];
    on<E extends EventName>(event: E, listener: (event: EventMap[E]) => void): () => void;
}
export interface Advisor {
    readonly advice: (options?: {
        readonly sampleMs?: number;
        readonly signal?: AbortSignal;
    }) => Promise<Advice[]>;
    readonly stop: () => void;
}
export declare function advisor(cache: Advised): Advisor;

// ./instruments
export interface Instrument {
    readonly name: string;
    readonly kind: 'counter' | 'gauge' | 'histogram';
    readonly unit: string;
    readonly description: string;
    readonly attributes: readonly string[];
}
export type InstrumentKey = 'hits' | 'misses' | 'loads' | 'loadErrors' | 'loadDuration' | 'joined' | 'waits' | 'waitTime' | 'saved' | 'stored' | 'storedSize' | 'largest' | 'backfills' | 'fenced' | 'refused' | 'poisoned' | 'removals' | 'evictions' | 'entries' | 'size' | 'tierDuration' | 'timeouts' | 'errors' | 'breakerState' | 'breakerOpened' | 'journal' | 'purges' | 'busLag' | 'busLive' | 'busGaps' | 'loadsRunning' | 'loadsQueued' | 'feedLag' | 'shadowCompared' | 'shadowAge';
export declare const instruments: Readonly<Record<InstrumentKey, Instrument>>;
export declare const durationBuckets: readonly number[];
export declare const ageBuckets: readonly number[];

// ./log
import type { EventMap, EventName } from '@tierstack/cache-core';
export interface Logger {
    debug(fields: object, message: string): void;
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
}
export interface LogOptions {
    readonly keys?: 'hidden' | 'plain' | 'none';
}
export declare const logOptionNames: readonly (keyof LogOptions)[];
export interface Logged {
    on<E extends EventName>(event: E, listener: (event: EventMap[E]) => void): () => void;
}
export declare function logEvents(cache: Logged, logger: Logger, options?: LogOptions): () => void;

// ./measure
import type { MeterProvider } from '@opentelemetry/api';
import type { CacheStats, EventMap } from '@tierstack/cache-core';
export interface Measured {
    stats(): CacheStats;
    on<E extends 'load' | 'call'>(event: E, listener: (event: EventMap[E]) => void): () => void;
}
export type Lag = () => number | undefined;
export interface MeasureOptions {
    readonly meterProvider?: MeterProvider;
    readonly feeds?: Readonly<Record<string, Lag>>;
}
export declare const measureOptionNames: readonly (keyof MeasureOptions)[];
export declare function measure(cache: Measured, options?: MeasureOptions): () => void;

// ./shadow
import type { MeterProvider } from '@opentelemetry/api';
import type { CacheStats, Cached, Defined, KeyOf } from '@tierstack/cache-core';
export interface ShadowOptions<V> {
    readonly share?: number;
    readonly concurrency?: number;
    readonly settleMs?: number;
    readonly equal?: (held: V, loaded: V) => boolean;
    readonly meterProvider?: MeterProvider;
    readonly random?: () => number;
}
export declare const shadowOptionNames: readonly (keyof ShadowOptions<unknown>)[];
export interface ShadowReport {
    readonly compared: number;
    readonly stale: number;
    readonly staleRatio: number;
    readonly overtaken: number;
    readonly failed: number;
    readonly running: number;
    readonly meanAgeMs: number;
    readonly maxAgeMs: number;
}
export interface Shadowed<K extends KeyOf, V, N extends string> extends Cached<K, V, N> {
    shadow(): ShadowReport;
}
export interface Shadowing {
    stats(): Pick<CacheStats, 'namespace'>;
    definitions(): readonly Defined[];
}
export declare function shadow<K extends KeyOf, V, N extends string>(cache: Shadowing, cached: Cached<K, V, N>, options?: ShadowOptions<V>): Shadowed<K, V, N>;

// ./trace
import type { TracerProvider } from '@opentelemetry/api';
import type { CacheStats, Tracer as CacheTracer } from '@tierstack/cache-core';
export interface Traced {
    stats(): Pick<CacheStats, 'namespace'>;
    trace(tracer: CacheTracer): () => void;
}
export interface TraceOptions {
    readonly tracerProvider?: TracerProvider;
    readonly share?: number;
    readonly keys?: 'none' | 'hidden' | 'plain';
}
export declare const traceOptionNames: readonly (keyof TraceOptions)[];
export declare function trace(cache: Traced, options?: TraceOptions): () => void;
