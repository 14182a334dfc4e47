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
