// ./chaos-tier
import type { Bulk, Coherence, RemoteTier } from '@tierstack/cache-core';
export type Fault = 'hang' | 'drop' | 'lose' | 'corrupt' | 'lie' | {
    readonly delay: number;
} | {
    readonly delayAnswer: number;
};
type TierVerb = 'hello' | 'read' | 'write' | 'delete' | 'clear';
type CoherenceVerb = Exclude<keyof Coherence, 'bus'>;
export type ChaosVerb = TierVerb | CoherenceVerb | keyof Bulk;
export type ChaosPlan = {
    readonly [V in ChaosVerb]?: Fault | undefined;
} | ((verb: ChaosVerb, names: readonly string[]) => Fault | undefined);
export interface ChaosTier<N extends string = string> extends RemoteTier<N> {
    plan: ChaosPlan;
    resume(): void;
    readonly hanging: number;
}
export declare function chaosTier<N extends string>(tier: RemoteTier<N>, plan?: ChaosPlan): ChaosTier<N>;
export {};

// ./contract/local-contract
import type { LocalEntry, LocalTier } from '@tierstack/cache-core';
export interface LocalContractOptions {
    readonly test: (name: string, run: () => Promise<void>) => unknown;
}
export declare function localEntry(value: unknown, parts?: Partial<LocalEntry>): LocalEntry;
export declare function localContract(make: () => LocalTier, { test }: LocalContractOptions): void;

// ./contract/queue-contract
import type { Clock, WriteQueue } from '@tierstack/cache-core';
export interface QueueContractOptions {
    readonly test: (name: string, run: () => Promise<void>) => unknown;
    readonly clock?: Clock;
    readonly wait?: (ms: number) => Promise<void>;
}
export type MakeQueue = () => WriteQueue | Promise<WriteQueue>;
export declare function queueContract(make: MakeQueue, options: QueueContractOptions): void;

// ./contract/rig
import type { Clock, Coherence, Fence, RemoteTier } from '@tierstack/cache-core';
export interface TierContractOptions {
    readonly test: (name: string, run: () => Promise<void>) => unknown;
    readonly coherence?: boolean;
    readonly clock?: Clock;
    readonly wait?: (ms: number) => Promise<void>;
    readonly schedules?: number;
    readonly seed?: number;
}
export type MakeTier = () => RemoteTier | Promise<RemoteTier>;
export type Settled = Required<TierContractOptions> & {
    readonly make: MakeTier;
};
export declare function settle(make: MakeTier, options: TierContractOptions): Settled;
export declare class Node {
    #private;
    readonly tier: RemoteTier;
    readonly history: string;
    readonly heard: string[];
    readonly state: {
        gaps: number;
        live: number;
    };
    constructor(parts: Pick<Node, 'tier' | 'history' | 'heard' | 'state'>, settled: Settled);
    get coherence(): Coherence;
    expiry(life?: number): number;
    put(key: string, text: string | Uint8Array, life?: number): Promise<void>;
    get(key: string): Promise<string | undefined>;
    stamp(key: string): Promise<string>;
    look(key: string): Promise<string>;
    lease(key: string, holdMs?: number): Promise<Fence>;
    fill(key: string, fence: Fence, content?: string): Promise<string>;
    hears(what: string): Promise<void>;
    eventually(done: () => boolean, what: () => string): Promise<void>;
}
export declare class Rig {
    #private;
    readonly namespace: string;
    readonly settled: Settled;
    constructor(settled: Settled);
    wait(ms: number): Promise<void>;
    within(ms: number): () => boolean;
    connect(namespace?: string): Promise<Node>;
    close(): Promise<void>;
}
export type Check = (name: string, run: (rig: Rig) => Promise<void>) => void;
export declare function checks(settled: Settled): Check;
export declare function bytes(content: string): Uint8Array;
export declare function text(content: Uint8Array): string;
export declare function named(what: string, names: readonly string[]): string[];
export declare const weirdNames: readonly string[];

// ./contract/tier-contract
import type { MakeTier, TierContractOptions } from './rig.ts';
export declare function tierContract(make: MakeTier, options: TierContractOptions): void;

// ./event-transcript
export interface EventSource {
    on(name: never, listener: (event: never) => void): () => void;
}
export interface EventTranscript {
    readonly lines: readonly string[];
    take(): string[];
    stop(): void;
}
export declare function eventTranscript(cache: EventSource, names?: readonly string[]): EventTranscript;

// ./fake-clock
import type { Clock } from '@tierstack/cache-core';
export interface FakeClock extends Clock {
    advance(ms: number): Promise<void>;
    settle(): Promise<void>;
    jumpWall(ms: number): void;
    readonly pending: number;
}
export declare function fakeClock(start?: {
    readonly now?: number;
    readonly wall?: number;
}): FakeClock;

// ./in-process-bus
import type { Bus, Clock, Removal } from '@tierstack/cache-core';
export type Delivery = 'sync' | 'manual' | number;
export type BusMessage = {
    readonly kind: 'removal';
    readonly removal: Removal;
} | {
    readonly kind: 'filled';
    readonly key: string;
};
export interface InProcessBusOptions {
    readonly clock?: Clock;
    readonly delivery?: Delivery;
    readonly silence?: number;
}
export interface InProcessBus {
    delivery: Delivery;
    connect(node: string): Bus;
    send(namespace: string, from: string | undefined, message: BusMessage): void;
    deliver(node?: string): void;
    readonly pending: number;
    cut(node: string): void;
    heal(node: string): void;
}
export declare function inProcessBus(options?: InProcessBusOptions): InProcessBus;

// ./process-queue
import type { Clock, WriteQueue } from '@tierstack/cache-core';
export interface ProcessQueue {
    connect(): WriteQueue;
    down(how?: 'drop' | 'lose'): void;
    up(): void;
    pendingKeys(topic: string): string[];
}
export declare function processQueue(options?: {
    readonly clock?: Clock;
}): ProcessQueue;

// ./process-store
import type { Clock, RemoteTier } from '@tierstack/cache-core';
import type { InProcessBus } from './in-process-bus.ts';
import type { ProcessTierOptions, StoreCall } from './process-tier.ts';
import { StoreSpace } from './store-space.ts';
export interface StoreSnapshot {
    readonly spaces: ReadonlyMap<string, StoreSpace>;
}
export interface ProcessStoreOptions {
    readonly clock?: Clock;
    readonly bus?: InProcessBus;
}
export interface ProcessStore {
    tier(): RemoteTier<'store'>;
    tier<const N extends string = 'store'>(options: ProcessTierOptions<N>): RemoteTier<N>;
    readonly bus: InProcessBus;
    readonly calls: StoreCall[];
    transcript(node?: string): string[];
    down(node?: string): void;
    up(node?: string): void;
    snapshot(): StoreSnapshot;
    restart(options: {
        readonly keep: 'nothing' | StoreSnapshot;
    }): void;
    evict(name: string): boolean;
}
export declare function processStore(options?: ProcessStoreOptions): ProcessStore;

// ./process-tier
import type { Bulk, Codec, Coherence, FrameWrite, RemoteCapabilities, RemoteHost, RemoteTier, StoredFrame, WriteOutcome } from '@tierstack/cache-core';
import type { InProcessBus } from './in-process-bus.ts';
import type { StoreSpace } from './store-space.ts';
export interface ProcessTierOptions<N extends string = string> {
    readonly name?: N;
    readonly node?: string;
    readonly shared?: RemoteCapabilities['shared'];
    readonly maxValueBytes?: number;
    readonly codec?: Codec;
    readonly coherence?: boolean;
    readonly bulk?: boolean;
}
export interface StoreCall {
    readonly node: string;
    readonly verb: string;
    readonly names: readonly string[];
}
export interface StoreClient {
    readonly node: string;
    lose(error: unknown): void;
}
export interface StoreConnection {
    readonly bus: InProcessBus;
    connect(client: StoreClient): void;
    step<R>(call: StoreCall, namespace: string, action: (space: StoreSpace, history: () => string) => R): R;
}
export declare class ProcessTier<N extends string> implements RemoteTier<N>, StoreClient {
    #private;
    readonly kind = "remote";
    readonly name: N;
    readonly node: string;
    readonly capabilities: RemoteCapabilities;
    readonly codec: Codec;
    readonly coherence?: Coherence;
    readonly bulk?: Bulk;
    constructor(store: StoreConnection, options: ProcessTierOptions<N> & {
        readonly node: string;
    });
    open(host: RemoteHost): void;
    hello(): Promise<string>;
    read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]>;
    write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]>;
    delete(keys: readonly string[]): Promise<void>;
    clear(): Promise<void>;
    close(): Promise<void>;
    lose(error: unknown): void;
    ask<R>(verb: string, names: readonly string[], step: (space: StoreSpace) => R): Promise<R>;
    withLife<W extends FrameWrite>(items: readonly W[]): (W & {
        life: number;
    })[];
}

// ./seeded-random
export interface SeededRandom {
    next(): number;
    below(below: number): number;
    pick<T>(from: readonly T[]): T;
}
export declare function seededRandom(seed: number): SeededRandom;

// ./structured-codec
import type { Codec } from '@tierstack/cache-core';
export declare const structuredCodec: Codec;

// ./two-nodes
import type { RemoteTier } from '@tierstack/cache-core';
import type { FakeClock } from './fake-clock.ts';
import type { InProcessBus } from './in-process-bus.ts';
import type { ProcessStore } from './process-store.ts';
export interface TestNode {
    readonly name: 'a' | 'b';
    readonly tier: RemoteTier<'store'>;
    readonly clock: FakeClock;
}
export interface TwoNodesOptions {
    readonly clock?: FakeClock;
    readonly silence?: number;
}
export interface TwoNodes<C> extends AsyncDisposable {
    readonly a: C;
    readonly b: C;
    readonly clock: FakeClock;
    readonly store: ProcessStore;
    readonly bus: InProcessBus;
    close(): Promise<void>;
}
export declare function twoNodes<C extends {
    close(): Promise<unknown>;
}>(create: (node: TestNode) => C | Promise<C>, { clock, silence }?: TwoNodesOptions): Promise<TwoNodes<C>>;
