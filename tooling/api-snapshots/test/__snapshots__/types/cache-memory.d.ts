// ./frequency-sketch
export declare class FrequencySketch {
    #private;
    ensure(size: number): void;
    frequency(hash: number): number;
    add(hash: number): void;
    clear(): void;
}

// ./memory
import type { LocalTier } from '@tierstack/cache-core';
import type { MemoryOptions } from './options.ts';
export declare function memory(options?: MemoryOptions & {
    readonly name?: undefined;
}): LocalTier<'memory'>;
export declare function memory<const N extends string>(options: MemoryOptions & {
    readonly name: N;
}): LocalTier<N>;
export declare function memory(options: MemoryOptions): LocalTier;

// ./options
import type { Bytes } from '@tierstack/cache-core';
import type { PolicyName } from './policies.ts';
export interface MemoryOptions {
    readonly maxEntries?: number;
    readonly maxBytes?: Bytes;
    readonly maxBytesPerTenant?: Bytes;
    readonly policy?: PolicyName;
    readonly name?: string;
}
export declare const optionNames: readonly (keyof MemoryOptions)[];
export declare function resolveOptions(given: MemoryOptions): Readonly<Required<MemoryOptions & {
    maxBytes: number;
    maxBytesPerTenant: number;
}>>;
