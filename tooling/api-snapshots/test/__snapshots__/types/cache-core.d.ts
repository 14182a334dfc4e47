// ./audit
import type { Clock } from './clock.ts';
export interface AuditRecord {
    readonly at: number;
    readonly who: string | undefined;
    readonly tenant: string;
    readonly definition: string;
    readonly action: 'read' | 'peek' | 'set' | 'write' | 'delete' | 'expire' | 'clear' | 'refresh' | 'warm' | 'inspect' | 'erase' | 'erased' | 'erase-queued';
    readonly keyHash: string | undefined;
    readonly tier: string | undefined;
}
export interface AuditOptions {
    readonly sink: (records: readonly AuditRecord[]) => Promise<void>;
    readonly who?: () => string | undefined;
    readonly queue?: number;
}
export declare class Audit {
    #private;
    constructor(options: AuditOptions, clock: Clock, namespace: string);
    get full(): boolean;
    room(): Promise<void>;
    note(record: Pick<AuditRecord, 'action' | 'definition' | 'tenant' | 'tier'>, key: string | undefined): void;
    flush(ms: number): Promise<number>;
}

// ./behind-options
import type { Duration } from './duration.ts';
export interface BehindOptions {
    batch?: number;
    concurrency?: number;
    attempts?: number;
    backoff?: Duration;
    longestBackoff?: Duration;
    poll?: Duration;
    pending?: 'required' | 'optional';
}
export interface ResolvedBehind {
    readonly batch: number;
    readonly concurrency: number;
    readonly attempts: number;
    readonly backoff: number;
    readonly longestBackoff: number;
    readonly poll: number;
    readonly pending: 'required' | 'optional';
}
export declare function resolveBehind(given?: BehindOptions): ResolvedBehind;

// ./bulk
import type { Fence } from './coherence.ts';
import type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts';
export interface Bulk {
    survey(keys: readonly string[], goodFor?: number): Promise<{
        readonly reads: readonly Surveyed[];
        readonly fence: Fence;
        readonly tagClock: string;
    }>;
    fillAbsent(items: readonly FrameWrite[], fence: Fence): Promise<readonly BulkOutcome[]>;
}
export type Surveyed = {
    readonly state: 'hit';
    readonly frame: StoredFrame;
} | {
    readonly state: 'absent';
}
 | {
    readonly state: 'busy';
};
export type BulkOutcome = WriteOutcome | 'present';

// ./bus
import type { Clock } from './clock.ts';
export type Removal = {
    readonly kind: 'keys';
    readonly keys: readonly string[];
    readonly soft: boolean;
} | {
    readonly kind: 'tags';
    readonly tags: readonly string[];
    readonly soft: boolean;
} | {
    readonly kind: 'all';
};
export interface BusListener {
    removed(removal: Removal, trace?: string): void;
    filled(key: string): void;
    live(until: number, lagMs?: number): void;
    gap(): void;
}
export interface BusHost {
    readonly namespace: string;
    readonly clock: Clock;
    readonly listener: BusListener;
}
export interface Bus {
    open(host: BusHost): void;
    publish(removal: Removal): Promise<void>;
    close(): Promise<void>;
}

// ./bytes
export type Bytes = number | `${number}${'kb' | 'mb' | 'gb'}`;
export declare function parseBytes(what: string, given: unknown): number;

// ./cache
import type { Defined, EntryByKey } from './defined.ts';
import type { Removal } from './bus.ts';
import type { Cached, Definition } from './definition.ts';
import type { Duration } from './duration.ts';
import type { EraseOptions, Erasure } from './erase.ts';
import type { EventMap, EventName } from './events.ts';
import type { Explanation } from './explain.ts';
import type { KeyOf, KeyPart } from './key.ts';
import type { Loader } from './load-context.ts';
import type { Policy } from './policy.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { ReadOptions } from './read-options.ts';
import type { Receipt } from './remove.ts';
import type { CacheStats } from './stats.ts';
import type { Tracer } from './tracing.ts';
type Keyed = {
    readonly [key: string]: unknown;
};
type StringKey<S> = Extract<keyof S, string>;
export type EntryOptions<N extends string = string> = Policy<N> & {
    readonly tags?: readonly string[];
};
export interface TierHealth {
    readonly state: 'up' | 'degraded' | 'down';
    readonly since: number;
    readonly error: unknown;
}
export interface WrapOptions<A extends readonly unknown[], V, N extends string> extends Policy<N> {
    readonly name: string;
    readonly version?: number | string;
    readonly key?: (...args: A) => KeyPart | readonly KeyPart[];
    readonly tags?: (value: V, ...args: A) => readonly string[];
}
export interface Wrapped<A extends readonly unknown[], V, N extends string> {
    (...args: A): Promise<V>;
    peek(...args: A): Exclude<V, undefined> | undefined;
    delete(...args: A): Promise<Receipt<N>>;
    expire(...args: A): Promise<Receipt<N>>;
    clear(): Promise<Receipt<N>>;
    keyFor(...args: A): string;
}
export interface Cache<S extends object = Keyed, N extends string = string> extends AsyncDisposable {
    get<K extends StringKey<S>>(key: K, options?: ReadOptions<N>): Promise<S[K] | undefined>;
    peek<K extends StringKey<S>>(key: K, options?: {
        readonly maxStale?: number;
    }): S[K] | undefined;
    getOrSet<K extends StringKey<S>, V extends S[K]>(key: K, load: Loader<V>, options?: EntryOptions<N> & ReadOptions<N>): Promise<V>;
    getMany<const K extends readonly StringKey<S>[]>(keys: K, options?: ReadOptions<N>): Promise<{
        -readonly [I in keyof K]: S[K[I]] | undefined;
    }>;
    getOrSetMany<K extends StringKey<S>, V extends S[K]>(keys: readonly K[], load: (missing: readonly K[], context: {
        readonly signal: AbortSignal;
    }) => MaybePromise<readonly (V | undefined)[] | ReadonlyMap<K, V>>, options?: EntryOptions<N> & ReadOptions<N>): Promise<(V | undefined)[]>;
    set<K extends StringKey<S>>(key: K, value: S[K], options?: EntryOptions<N>): Promise<void>;
    setMany<K extends StringKey<S>>(entries: Iterable<readonly [K, S[K]]>, options?: EntryOptions<N>): Promise<void>;
    has(key: StringKey<S>): Promise<boolean>;
    delete(...keys: StringKey<S>[]): Promise<Receipt<N>>;
    expire(...keys: StringKey<S>[]): Promise<Receipt<N>>;
    invalidateTags(tags: string | readonly string[], options?: {
        readonly soft?: boolean;
    }): Promise<Receipt<N>>;
    erase(tags: string | readonly string[], options?: EraseOptions): Promise<Erasure<N>>;
    deletePattern(pattern: string): Promise<Receipt<N>>;
    clear(options?: {
        readonly everyTenant?: boolean;
    }): Promise<Receipt<N>>;
    withTenant<R>(tenant: string, work: () => R): R;
    write<R>(keys: StringKey<S> | readonly StringKey<S>[], commit: () => MaybePromise<R>): Promise<R>;
    define<K extends KeyOf, V>(definition: Definition<K, V, N>): Cached<K, V, N>;
    wrap<F extends (...args: never[]) => unknown>(fn: F, options: WrapOptions<Parameters<F>, Awaited<ReturnType<F>>, N>): Wrapped<Parameters<F>, Awaited<ReturnType<F>>, N>;
    namespace<T extends object = S>(name: string, policy?: Policy<N>): Cache<T, N>;
    typed<T extends object>(): Cache<T, N>;
    deferred<R>(work: () => MaybePromise<R>): Promise<R>;
    changed(removal: Removal, options?: {
        readonly origin?: 'local' | 'db';
    }): Promise<Receipt<N>>;
    explain(key: StringKey<S>): Promise<Explanation<N>>;
    byKey(key: string): EntryByKey<N>;
    definitions(): readonly Defined[];
    stats(): CacheStats;
    trace(tracer: Tracer): () => void;
    on<E extends EventName>(event: E, listener: (event: EventMap[E]) => void): () => void;
    health(): Promise<{
        readonly [K in N]: TierHealth;
    }>;
    drain(options?: {
        readonly timeout?: Duration;
    }): Promise<number>;
    close(): Promise<void>;
}
export {};

// ./clock
export interface Clock {
    now(): number;
    wall(): number;
    after(ms: number, callback: () => void): () => void;
}
export declare const systemClock: Clock;
export interface CoarseClock {
    (): number;
}
export declare function coarseClock(clock: Clock): CoarseClock;

// ./codec
export interface Codec {
    readonly id: number;
    readonly name: string;
    encode(value: unknown): Uint8Array;
    encodeInto?(value: unknown, bytes: Uint8Array, at: number): number | undefined;
    decode(bytes: Uint8Array): unknown;
    decodeFrom?(bytes: Uint8Array, start: number): unknown;
}
export interface Transform {
    readonly id: number;
    readonly name: string;
    apply(bytes: Uint8Array, associated: Uint8Array): Uint8Array | undefined;
    undo(bytes: Uint8Array, associated: Uint8Array, maxBytes: number): Uint8Array;
}

// ./coherence
import type { Bus } from './bus.ts';
import type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts';
export interface Coherence {
    readonly bus: Bus;
    lease(keys: readonly string[], holdMs: number, wantTagClock: boolean): Promise<{
        readonly reads: readonly LeaseRead[];
        readonly tagClock: string;
    }>;
    claim(items: readonly {
        readonly key: string;
        readonly stamp: string;
    }[], holdMs: number): Promise<readonly (Fence | undefined)[]>;
    take(keys: readonly string[], holdMs: number): Promise<readonly (Fence | undefined)[]>;
    fill(items: readonly (FrameWrite & {
        readonly fence: Fence;
    })[]): Promise<readonly WriteOutcome[]>;
    renew(items: readonly {
        readonly key: string;
        readonly fence: Fence;
    }[], holdMs: number): Promise<void>;
    release(items: readonly {
        readonly key: string;
        readonly fence: Fence;
    }[]): Promise<void>;
    expire(keys: readonly string[]): Promise<void>;
    begin(keys: readonly string[], intent: string, holdMs: number): Promise<void>;
    end(keys: readonly string[], intent: string): Promise<void>;
    conclude(items: readonly {
        readonly key: string;
        readonly intent: string;
    }[], holdMs: number): Promise<readonly (Fence | undefined)[]>;
    tags(tags: readonly string[]): Promise<readonly (TagState | undefined)[]>;
    stampTags(tags: readonly string[], tagClock: string): Promise<readonly (string | undefined)[]>;
    invalidate(tags: readonly string[], soft: boolean): Promise<void>;
}
export type Fence = string;
export type LeaseRead = 
{
    readonly state: 'hit';
    readonly frame: StoredFrame;
}
 | {
    readonly state: 'leased';
    readonly fence: Fence;
}
 | {
    readonly state: 'busy';
}
 | {
    readonly state: 'blocked';
};
export interface TagState {
    readonly generation: string;
    readonly softened: readonly string[];
}

// ./create-cache
import type { Cache } from './cache.ts';
import type { CacheOptions } from './options.ts';
import type { Tier } from './tier.ts';
export declare function createCache<const T extends readonly Tier[]>(options: CacheOptions<T>): Cache<{
    readonly [key: string]: unknown;
}, T[number]['name']>;

// ./defined
import type { Cached } from './definition.ts';
import type { Explanation } from './explain.ts';
import type { Inspected } from './inspected.ts';
import type { KeyOf } from './key.ts';
import type { Receipt } from './remove.ts';
export interface Defined {
    readonly name: string;
    readonly version: string;
    readonly namespace: string;
    readonly ttl: Readonly<Record<string, number>>;
    readonly swr: number;
    readonly staleIfError: number;
    readonly cached: Cached<KeyOf, unknown>;
}
export interface EntryByKey<N extends string = string> {
    explain(): Promise<Explanation<N>>;
    entry(): Promise<Inspected<unknown, N> | undefined>;
    delete(): Promise<Receipt<N>>;
    expire(): Promise<Receipt<N>>;
}
export declare function versionIn(key: string): string;

// ./definition
import type { BehindOptions } from './behind-options.ts';
import type { Codec } from './codec.ts';
import type { Duration } from './duration.ts';
import type { Explanation } from './explain.ts';
import type { Inspected } from './inspected.ts';
import type { KeyOf, KeyPart } from './key.ts';
import type { LoadContext } from './load-context.ts';
import type { Policy } from './policy.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { ReadOptions } from './read-options.ts';
import type { Receipt } from './remove.ts';
import type { StandardSchema } from './schema.ts';
export interface Definition<K extends KeyOf, V, N extends string = string> extends Policy<N> {
    name: string;
    version?: number | string;
    key?: (input: K) => KeyPart | readonly KeyPart[];
    load(input: K, context: LoadContext): MaybePromise<V>;
    loadMany?(inputs: readonly K[], context: {
        readonly signal: AbortSignal;
    }): Promise<readonly (V | Error | undefined)[] | ReadonlyMap<K, V>>;
    save?(input: K, value: V, context: SaveContext): Promise<V | void>;
    saveMany?(writes: readonly {
        readonly input: K;
        readonly value: V;
        readonly token: string;
        readonly version: string;
    }[], context: {
        readonly signal: AbortSignal;
    }): Promise<void>;
    write?: 'invalidate' | 'through' | 'behind';
    behind?: BehindOptions;
    tags?: (value: V, input: K) => readonly string[];
    schema?: StandardSchema<NoInfer<V>>;
    migrate?(old: unknown, input: K): NoInfer<V> | undefined;
    audit?: boolean;
    codec?: Codec;
    sensitive?: boolean;
}
export interface SaveContext {
    readonly signal: AbortSignal;
    readonly token: string;
    readonly version: string;
}
export interface DeadLetter<K, V> {
    readonly input: K;
    readonly value: V;
    readonly token: string;
    readonly version: string;
    readonly reason: string;
    readonly at: number;
}
type Stored<V> = Exclude<V, undefined>;
export interface WarmProgress {
    readonly loaded: number;
    readonly skipped: number;
    readonly failed: number;
}
export interface WarmOptions {
    readonly concurrency?: number;
    readonly batch?: number;
    readonly progress?: (progress: WarmProgress) => void;
    readonly rate?: number;
    readonly signal?: AbortSignal;
}
export type NextRows<K, V> = (context: {
    readonly signal: AbortSignal;
}) => MaybePromise<readonly (readonly [input: K, value: V | Error])[] | undefined>;
export interface WarmReport {
    readonly loaded: number;
    readonly skipped: number;
    readonly errors: readonly {
        readonly key: string;
        readonly error: unknown;
    }[];
    readonly ms: number;
}
export interface Cached<K extends KeyOf, V, N extends string = string> {
    (input: K, options?: ReadOptions<N>): Promise<V>;
    peek(input: K): Stored<V> | undefined;
    many(inputs: readonly K[], options?: ReadOptions<N>): Promise<V[]>;
    settled(inputs: readonly K[], options?: ReadOptions<N>): Promise<PromiseSettledResult<V>[]>;
    entry(input: K): Promise<Inspected<Stored<V>, N> | undefined>;
    set(input: K, value: Stored<V>): Promise<void>;
    write(input: K, value: Stored<V>): Promise<V>;
    write<R>(input: K, commit: () => Promise<R>): Promise<R>;
    update(input: K, change: (value: V) => MaybePromise<Stored<V>>): Promise<V>;
    flush(options?: {
        readonly timeout?: Duration;
    }): Promise<number>;
    deadLetters(): Promise<readonly DeadLetter<K, Stored<V>>[]>;
    discard(...tokens: string[]): Promise<void>;
    retry(...tokens: string[]): Promise<void>;
    delete(...inputs: K[]): Promise<Receipt<N>>;
    expire(...inputs: K[]): Promise<Receipt<N>>;
    refresh(...inputs: K[]): Promise<void>;
    warm(inputs: Iterable<K> | AsyncIterable<K>, options?: WarmOptions): Promise<WarmReport>;
    warmRows(next: NextRows<K, V>, options?: WarmOptions): Promise<WarmReport>;
    clear(): Promise<Receipt<N>>;
    explain(input: K): Promise<Explanation<N>>;
    uncached(input: K, options?: {
        readonly signal?: AbortSignal;
    }): Promise<V>;
    keyFor(input: K): string;
}
export {};

// ./duration
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;
export type TtlPreset = 'hot' | 'warm' | 'cold' | 'static';
export declare function parseDuration(what: string, given: unknown): number;
export declare function parseTtl(what: string, given: unknown): number;

// ./edge-tier
import type { Clock } from './clock.ts';
import type { SetupFinding } from './setup-finding.ts';
export interface EdgeTier<N extends string = string> {
    readonly kind: 'edge';
    readonly name: N;
    open(host: EdgeHost): void;
    announce(what: EdgePurge): Promise<void>;
    purge(what: EdgePurge): Promise<EdgeOutcome>;
    readonly pending: number;
    close(): Promise<void>;
}
export interface EdgeHost {
    readonly namespace: string;
    readonly clock: Clock;
    readonly others: boolean;
    degraded(why: 'timeout' | 'error', error: unknown): void;
    recovered(): void;
    warn(finding: SetupFinding): void;
}
export interface EdgePurge {
    readonly keys?: readonly string[];
    readonly tags?: readonly string[];
    readonly all?: true;
    readonly soft?: boolean;
}
export type EdgeOutcome = 'purged' | 'durable' | 'queued';

// ./encryption
import type { MaybePromise } from './maybe-promise.ts';
export interface SealKey {
    readonly id: string;
    seal(bytes: Uint8Array, bound: Uint8Array): Uint8Array;
    open(sealed: Uint8Array, bound: Uint8Array): Uint8Array;
}
export interface Encryption {
    readonly name: string;
    current(tenant: string): MaybePromise<SealKey>;
    byId(id: string, tenant: string): MaybePromise<SealKey | undefined>;
    forget(tenant: string): void;
}

// ./entry
export interface TagStamp {
    readonly tag: string;
    readonly generation: string;
}
export interface LocalEntry {
    readonly value: unknown;
    readonly input: unknown;
    readonly createdAt: number;
    readonly freshUntil: number;
    readonly staleUntil: number;
    readonly errorUntil: number;
    quickUntil: number;
    soft: boolean;
    readonly stamp: string;
    readonly tags: readonly TagStamp[];
    readonly slots: readonly number[];
    seen: number;
    readonly loadMs: number;
    readonly etag: string | undefined;
    readonly vouchedAt: number;
    readonly provisional: boolean;
    usedAt: number;
    readonly idleTtl: number;
    readonly isolation: 'frozen' | 'clone' | 'reference';
    readonly bytes: number;
}

// ./erase
import type { Audit } from './audit.ts';
import type { Chain } from './chain.ts';
import type { Duration } from './duration.ts';
import type { ResolvedPolicy } from './policy.ts';
import type { Receipt } from './remove.ts';
export interface Erasure<N extends string = string> {
    readonly id: string;
    readonly askedAt: number;
    readonly toldAt: number;
    readonly subject: string;
    readonly tiers: {
        readonly [K in N]: 'erased' | 'durable' | 'queued';
    };
    readonly processes: Receipt['bus'];
    readonly complete: boolean;
}
export interface EraseOptions {
    readonly timeout?: Duration;
}
interface EraseParts {
    readonly chain: Chain;
    readonly policy: ResolvedPolicy;
    readonly audit: Audit | undefined;
    readonly path: string;
}
export declare function erase({ chain, policy, audit, path }: EraseParts, tags: readonly string[], options: EraseOptions): Promise<Erasure>;
export {};

// ./errors
export declare const errorCodes: {
    readonly INVALID_OPTION: 'An option, argument or combination of options is wrong. Nothing was done.';
    readonly INVALID_KEY: 'A key can not be used: wrong type, ill-formed Unicode, or something that has no stable text.';
    readonly INVALID_CHAIN: 'The tiers do not form a chain: wrong order, same name twice, or a tier already in use.';
    readonly UNENCODABLE: 'A value would not come back the same from a remote tier. It was returned, but not stored there.';
    readonly LOAD_TIMEOUT: 'A load ran past `timeouts.hard` and nothing stale could be served.';
    readonly OVERLOADED: 'The loader bulkhead and its queue are full, and nothing stale could be served.';
    readonly REMOVAL_QUEUED: 'With `invalidation: "strict"`: a tier did not confirm the removal. It is queued and will be applied.';
    readonly WRITE_REFUSED: 'A `write()` could not announce itself to every tier and was refused before its commit; or the write queue did not confirm it: then it may have been taken all the same.';
    readonly NO_SOURCE: 'The definition lacks what the call needs, such as `save` for `write(key, value)`.';
    readonly MISSING_PEER: 'An optional package that the chosen option needs is not installed.';
    readonly UNSUPPORTED_CLIENT: 'The given client is none of those that the tier can talk to.';
    readonly QUEUE_UNAVAILABLE: 'The write queue could not tell whether a write of the row is pending, and nothing stale could be served.';
    readonly TIER_UNAVAILABLE: 'A tier can not be used just now. Reads never see this.';
    readonly UNREPLICATED: 'A removal was done, but fewer replicas than asked for confirmed it. It is queued and will be repeated.';
    readonly NO_TENANT: 'A cache with tenants was used without one. Nothing was done.';
    readonly CLOSED: 'The cache was closed.';
};
export type ErrorCode = keyof typeof errorCodes;
export declare class CacheError extends Error {
    readonly code: ErrorCode;
    constructor(code: ErrorCode, message: string, options?: {
        readonly cause?: unknown;
    });
}

// ./events
import type { Removal } from './bus.ts';
import type { SetupFinding } from './setup-finding.ts';
export type Reason = 'miss' | 'expired' | 'swr' | 'ahead' | 'forced' | 'invalidated' | 'warm';
export type TierVerb = 'read' | 'lease' | 'claim' | 'fill' | 'write' | 'take' | 'release' | 'renew' | 'remove' | 'ask';
export interface EventMap {
    hit: {
        readonly def: string | undefined;
        readonly tier: string;
        readonly state: 'fresh' | 'stale';
        key(): string;
    };
    miss: {
        readonly def: string | undefined;
        key(): string;
    };
    load: {
        readonly def: string | undefined;
        readonly reason: Reason;
        readonly ms: number;
        key(): string;
        changed(): boolean | undefined;
    };
    'load:error': {
        readonly def: string | undefined;
        readonly error: unknown;
        readonly served: 'stale' | 'error';
        readonly ms: number;
        key(): string;
    };
    'save:error': {
        readonly def: string;
        readonly error: unknown;
        readonly attempts: number;
        readonly dead: boolean;
        key(): string;
    };
    backfill: {
        readonly def: string | undefined;
        readonly tier: string;
        key(): string;
    };
    fenced: {
        readonly def: string | undefined;
        readonly tier: string;
        key(): string;
    };
    refused: {
        readonly def: string | undefined;
        readonly tier: string;
        readonly why: 'too-large' | 'unencodable' | 'unsealed';
        readonly error: unknown;
        key(): string;
    };
    invalidate: {
        readonly keys: number;
        readonly tags: readonly string[];
        readonly origin: 'local' | 'bus' | 'db';
        removal(): Removal;
    };
    evict: {
        readonly tier: string;
        readonly cause: 'size' | 'expired';
        key(): string;
    };
    degraded: {
        readonly tier: string;
        readonly why: 'timeout' | 'error';
        readonly error: unknown;
    };
    recovered: {
        readonly tier: string;
        readonly downMs: number;
    };
    'bus:gap': {
        readonly tier: string;
    };
    call: {
        readonly tier: string;
        readonly verb: TierVerb;
        readonly items: number;
        readonly ms: number;
        readonly outcome: 'ok' | 'timeout' | 'error';
    };
    poisoned: {
        readonly def: string | undefined;
        readonly tier: string;
        readonly why: 'decode' | 'auth' | 'key' | 'schema';
        readonly error: unknown;
        key(): string;
    };
    warning: {
        readonly tier: string;
    } & SetupFinding;
}
export type EventName = keyof EventMap;
export declare const eventNames: readonly EventName[];
export declare class Events {
    readonly on: Partial<Record<EventName, readonly ((event: never) => void)[]>>;
    add<E extends EventName>(name: E, listener: (event: EventMap[E]) => void): () => void;
    emit<E extends EventName>(name: E, event: EventMap[E]): void;
}

// ./expectation
import type { Codec } from './codec.ts';
import { CacheError } from './errors.ts';
export declare function shown(value: unknown): string;
export declare function expectation(what: string, toBe: string, got: unknown): CacheError;
export declare function nearest(name: string, known: readonly string[]): string | undefined;
export declare function checkKeys(what: string, given: unknown, known: readonly string[]): void;
export declare function checkMethods(what: string, given: unknown, toBe: string, methods: readonly string[]): void;
export declare function checkName(what: string, given: unknown): void;
export declare function checkCodec(given: Partial<Codec> | null | undefined): void;
export declare function checkOneOf<const W extends string | boolean>(what: string, got: unknown, words: readonly W[]): W;

// ./explain
import type { Chain } from './chain.ts';
import type { Query } from './query.ts';
import type { Inspected } from './inspected.ts';
export interface ExplainStep<N extends string = string> {
    readonly tier: N;
    readonly outcome: 'hit' | 'miss' | 'stale' | 'expired' | 'tag' | 'suspect' | 'fenced' | 'unavailable' | 'poisoned';
    readonly ms: number;
    readonly detail: string;
    readonly tags: readonly string[];
}
export interface Explanation<N extends string = string> {
    readonly key: string;
    readonly steps: readonly ExplainStep<N>[];
    readonly wouldLoad: boolean;
}
export declare function explain(chain: Chain, key: string): Promise<Explanation>;
export declare function inspect(chain: Chain, query: Pick<Query, 'version' | 'codec' | 'sensitive' | 'schema'>, key: string): Promise<Inspected<unknown> | undefined>;

// ./inspected
export interface Inspected<V, N extends string = string> {
    readonly value: V;
    readonly tier: N;
    readonly state: 'fresh' | 'stale' | 'error-only';
    readonly age: number;
    readonly ttlLeft: number;
    readonly tags: readonly string[];
    readonly version: string;
}

// ./isolate
export type Isolation = 'freeze' | 'clone' | 'reference';
export interface Secured {
    readonly isolation: 'frozen' | 'clone' | 'reference';
    readonly bytes: number;
}
export declare function secure(value: unknown, isolation: Isolation): Secured;
export declare function copy<V>(value: V): V;

// ./key
import type { KeyHash } from './key-hash.ts';
export type KeyPart = string | number | bigint | boolean | null | undefined | Date;
export type KeyOf = KeyPart | object;
export declare function canonical(input: unknown): string;
export declare function rawKey(path: string, key: unknown, keyHash?: KeyHash): string;
export interface SplitKey {
    readonly prefix: string;
    readonly input: KeyPart;
}
export declare function splitKey(key: string): SplitKey;
export declare function joinKey(prefix: string, input: KeyPart): string;
export declare function isJoined(key: string, prefix: string, input: unknown): boolean;
export declare function checkName(what: string, name: unknown, longestName?: number): string;
export declare function prefixesOf(key: string): string[];

// ./key-hash
export interface KeyHash {
    hash(text: string): string;
}
export interface Hashing {
    readonly keyHash: KeyHash | undefined;
}

// ./load-context
import type { Duration } from './duration.ts';
import type { Reason } from './events.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Ttl } from './policy.ts';
export interface LoadContext<V = unknown> {
    readonly key: string;
    readonly tenant: string;
    readonly signal: AbortSignal;
    readonly reason: Reason;
    readonly stale: {
        readonly value: V;
        readonly age: number;
        readonly etag: string | undefined;
    } | undefined;
    readonly ttl: (ttl: Ttl) => void;
    readonly windows: (windows: {
        readonly swr?: Duration;
        readonly staleIfError?: Duration;
    }) => void;
    readonly tag: (...tags: string[]) => void;
    readonly etag: (etag: string) => void;
    readonly skip: () => void;
    readonly notModified: () => never;
    readonly fail: (reason?: unknown) => never;
}
export type Loader<V> = {
    load(context: LoadContext): MaybePromise<V>;
}['load'];
export declare class NotModified extends Error {
}
export declare class LoadRun implements LoadContext {
    #private;
    readonly key: string;
    readonly reason: Reason;
    readonly stale: LoadContext['stale'];
    skipped: boolean;
    chosenTtl: number | undefined;
    chosenWindows: {
        readonly swr?: number;
        readonly staleIfError?: number;
    } | undefined;
    chosenEtag: string | undefined;
    tags: readonly string[];
    constructor(key: string, reason: Reason, stale: LoadContext['stale'], signal: () => AbortSignal);
    get tenant(): string;
    get signal(): AbortSignal;
    get ttl(): (ttl: Ttl) => void;
    get windows(): LoadContext['windows'];
    get tag(): (...tags: string[]) => void;
    get etag(): (etag: string) => void;
    get skip(): () => void;
    get notModified(): () => never;
    get fail(): (reason?: unknown) => never;
}

// ./local-tier
import type { Clock } from './clock.ts';
import type { LocalEntry } from './entry.ts';
export interface LocalTier<N extends string = string> {
    readonly kind: 'local';
    readonly name: N;
    open(host: LocalHost): void;
    get(key: string, input?: unknown): LocalEntry | undefined;
    inspect(key: string): LocalEntry | undefined;
    amend(key: string, entry: LocalEntry): void;
    shelf(prefix: string): Shelf;
    set(key: string, entry: LocalEntry): boolean;
    delete(key: string): boolean;
    clear(): void;
    keys(): Iterable<string>;
    readonly size: number;
    readonly bytes: number;
}
export interface Shelf {
    find(input: unknown, now: number, marked: number): number;
    value(place: number): unknown;
    loadMs(place: number): number;
}
export declare const noShelf: Shelf;
export interface LocalHost {
    readonly clock: Clock;
    evicted(key: () => string, cause: 'size' | 'expired'): void;
}

// ./maybe-promise
export type MaybePromise<T> = T | Promise<T>;
export declare function isPromise<T>(given: MaybePromise<T>): given is Promise<T>;

// ./options
import type { AuditOptions } from './audit.ts';
import type { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import type { Codec, Transform } from './codec.ts';
import type { EdgeTier } from './edge-tier.ts';
import type { Encryption } from './encryption.ts';
import type { Duration } from './duration.ts';
import type { KeyHash } from './key-hash.ts';
import type { LocalTier } from './local-tier.ts';
import type { Policy, ResolvedPolicy } from './policy.ts';
import type { RemoteTier } from './remote-tier.ts';
import type { Tier } from './tier.ts';
import type { WriteQueue } from './write-queue.ts';
export interface CacheOptions<T extends readonly Tier[] = readonly Tier[]> extends Policy<T[number]['name']> {
    namespace: string;
    tiers: T;
    bus?: Bus;
    tagsAt?: T[number]['name'];
    codec?: Codec | readonly Codec[];
    transforms?: readonly Transform[];
    writeQueue?: WriteQueue;
    encryption?: Encryption;
    keyHash?: KeyHash;
    audit?: AuditOptions;
    tenant?: (() => string | undefined) | true;
    clock?: Clock;
    random?: () => number;
    waitUntil?: (work: Promise<unknown>) => void;
    enabled?: boolean | (() => boolean);
    onGap?: 'suspect' | 'flush';
    suspectTtl?: Duration;
    replicaLag?: Duration;
    bulkhead?: {
        readonly concurrentLoads?: number;
        readonly queue?: number;
    };
}
export interface ResolvedOptions {
    readonly namespace: string;
    readonly locals: readonly LocalTier[];
    readonly remotes: readonly RemoteTier[];
    readonly edges: readonly EdgeTier[];
    readonly names: readonly string[];
    readonly policy: ResolvedPolicy;
    readonly bus: Bus | undefined;
    readonly tagsAt: string | undefined;
    readonly codecs: readonly Codec[];
    readonly transforms: readonly Transform[];
    readonly writeQueue: WriteQueue | undefined;
    readonly encryption: Encryption | undefined;
    readonly keyHash: KeyHash | undefined;
    readonly audit: AuditOptions | undefined;
    readonly tenant: (() => string | undefined) | true | undefined;
    readonly clock: Clock;
    readonly random: () => number;
    readonly waitUntil: ((work: Promise<unknown>) => void) | undefined;
    readonly enabled: boolean | (() => boolean);
    readonly onGap: 'suspect' | 'flush';
    readonly suspectTtl: number;
    readonly replicaLag: number;
    readonly concurrentLoads: number;
    readonly queue: number;
}
export declare function resolveOptions(given: CacheOptions): ResolvedOptions;

// ./policy
import type { Duration, TtlPreset } from './duration.ts';
import type { Isolation } from './isolate.ts';
export type Ttl = Duration | TtlPreset;
export interface Freshness<N extends string = string> {
    ttl?: Ttl | ({
        readonly default?: Ttl;
    } & {
        readonly [K in N]?: Ttl;
    });
    swr?: Duration;
    staleIfError?: Duration;
    refreshAhead?: number | 'xfetch' | false;
    jitter?: number | false;
    idleTtl?: Duration;
    negativeTtl?: Ttl;
    errorTtl?: Duration;
}
export interface Timeouts {
    tier?: Duration;
    removal?: Duration;
    lock?: Duration;
    soft?: Duration;
    hard?: Duration;
    write?: Duration;
}
export interface Policy<N extends string = string> extends Freshness<N> {
    timeouts?: Timeouts;
    flight?: 'lease' | 'process' | false;
    writes?: 'background' | 'await';
    isolation?: Isolation;
    invalidation?: 'queue' | 'strict';
}
export interface ResolvedTimeouts {
    readonly tier: number;
    readonly removal: number;
    readonly lock: number;
    readonly soft: number;
    readonly hard: number;
    readonly write: number;
}
export interface ResolvedPolicy {
    readonly ttls: readonly number[];
    readonly perTier: boolean;
    readonly swr: number;
    readonly staleIfError: number;
    readonly refreshAhead: number | 'xfetch' | false;
    readonly jitter: number;
    readonly idleTtl: number;
    readonly negativeTtl: number | undefined;
    readonly errorTtl: number;
    readonly timeouts: ResolvedTimeouts;
    readonly flight: 'lease' | 'process' | false;
    readonly writes: 'background' | 'await';
    readonly isolation: Isolation;
    readonly invalidation: 'queue' | 'strict';
}
export declare const policyKeys: readonly ['ttl', 'swr', 'staleIfError', 'refreshAhead', 'jitter', 'idleTtl', 'negativeTtl', 'errorTtl', 'timeouts', 'flight', 'writes', 'isolation', 'invalidation'];
export declare function defaultPolicy(tierNames: readonly string[]): ResolvedPolicy;
export declare function resolvePolicy(given: Policy, outer: ResolvedPolicy, tierNames: readonly string[], whole?: boolean): ResolvedPolicy;

// ./read-options
export interface ReadOptions<N extends string = string> {
    maxStale?: number;
    forceFresh?: boolean;
    skip?: readonly N[];
    signal?: AbortSignal;
}
export declare const readKeys: readonly ['maxStale', 'forceFresh', 'skip', 'signal'];
export declare function checkReadOptions(options: ReadOptions, tierNames: readonly string[], known?: readonly string[]): void;

// ./read-scope
import type { Chain } from './chain.ts';
import type { TagStamp } from './entry.ts';
import type { Life } from './freshness.ts';
export interface EntryRead {
    readonly namespace: string;
    readonly key: string;
    readonly tier: string | undefined;
    readonly tags: readonly string[];
    readonly ttl: number;
    readonly swr: number;
    readonly staleIfError: number;
    readonly age: number;
    current(): boolean;
}
export interface ReadScope {
    run<R>(work: () => R): R;
    close(): void;
}
export declare const readScopes: {
    open: number;
};
export declare function openReadScope(note: (read: EntryRead) => void): ReadScope;
export declare function noteRead(chain: Chain, key: string, o: {
    readonly position: number;
    readonly tags: readonly TagStamp[];
    readonly slots: readonly number[];
    readonly life: Life | undefined;
    readonly sequence: number;
}): void;
export declare function noteBypass(key: string): void;

// ./remote-tier
import type { Bulk } from './bulk.ts';
import type { Clock } from './clock.ts';
import type { Codec } from './codec.ts';
import type { Coherence } from './coherence.ts';
import type { SetupFinding } from './setup-finding.ts';
import type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts';
export interface RemoteTier<N extends string = string> {
    readonly kind: 'remote';
    readonly name: N;
    readonly capabilities: RemoteCapabilities;
    readonly codec: Codec;
    open(host: RemoteHost): void;
    hello(): Promise<string>;
    read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]>;
    write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]>;
    delete(keys: readonly string[]): Promise<void>;
    clear(): Promise<void>;
    close(): Promise<void>;
    readonly coherence?: Coherence;
    readonly bulk?: Bulk;
}
export interface RemoteCapabilities {
    readonly shared: 'process' | 'host' | 'fleet';
    readonly maxValueBytes: number;
}
export interface RemoteHost {
    readonly namespace: string;
    readonly clock: Clock;
    trace?(): string | undefined;
    lost(error: unknown): void;
    warn(finding: SetupFinding): void;
}

// ./remove
import type { Removal } from './bus.ts';
import type { Chain } from './chain.ts';
import type { ResolvedPolicy } from './policy.ts';
import type { Origin } from './told-removal.ts';
export interface Receipt<N extends string = string> {
    readonly confirmed: readonly N[];
    readonly queued: readonly N[];
    readonly durable: readonly N[];
    readonly bus: 'sent' | 'queued' | 'none';
}
export declare function announce(chain: Chain, keys: readonly string[], policy: ResolvedPolicy): Promise<void>;
export declare function removeKeys(chain: Chain, policy: ResolvedPolicy, keys: readonly string[], soft: boolean, origin?: Origin): Promise<Receipt>;
export declare function removeAnnounced(chain: Chain, policy: ResolvedPolicy, keys: readonly string[]): Promise<Receipt>;
export declare function removeTags(chain: Chain, policy: ResolvedPolicy, tags: readonly string[], soft: boolean, origin?: Origin): Promise<Receipt>;
export declare function removeAll(chain: Chain, policy: ResolvedPolicy, origin?: Origin): Promise<Receipt>;
export declare function removeChanged(chain: Chain, policy: ResolvedPolicy, removal: Removal, origin: Origin): Promise<Receipt>;

// ./schema
export interface StandardSchema<O> {
    readonly '~standard': {
        readonly version: 1;
        readonly vendor: string;
        readonly validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>;
        readonly types?: {
            readonly input: unknown;
            readonly output: O;
        } | undefined;
    };
}
interface SchemaIssue {
    readonly message: string;
    readonly path?: readonly (PropertyKey | {
        readonly key: PropertyKey;
    })[] | undefined;
}
export type SchemaResult<O> = {
    readonly value: O;
    readonly issues?: undefined;
} | {
    readonly issues: readonly SchemaIssue[];
};
export declare function misfit(schema: StandardSchema<unknown>, value: unknown): Promise<string | undefined>;
export {};

// ./setup-finding
export interface SetupFinding {
    readonly check: string;
    readonly found: string;
    readonly fix: string;
}

// ./stats
import type { Reason } from './events.ts';
export type MissReason = Reason | 'absent';
export interface DefinitionCounters {
    readonly hits: Float64Array;
    readonly saved: Float64Array;
    readonly hitsAndSaved: Float64Array;
    readonly stale: Float64Array;
    readonly backfills: Float64Array;
    readonly fenced: Float64Array;
    readonly refused: Float64Array;
    readonly poisoned: Float64Array;
    readonly misses: Record<MissReason, number>;
    loads: number;
    loadErrors: number;
    loadMs: number;
    joined: number;
    waits: number;
    waitMs: number;
    stored: number;
    storedBytes: number;
    largestBytes: number;
}
export interface TierCounters {
    errors: number;
    timeouts: number;
    opened: number;
}
export interface DefinitionTierStats {
    readonly hits: number;
    readonly stale: number;
    readonly backfills: number;
    readonly fenced: number;
    readonly refused: number;
    readonly poisoned: number;
}
export interface DefinitionStats {
    readonly hits: Readonly<Record<string, number>>;
    readonly stale: number;
    readonly misses: number;
    readonly missesBy: Readonly<Record<MissReason, number>>;
    readonly loads: number;
    readonly loadErrors: number;
    readonly loadMs: number;
    readonly joined: number;
    readonly waits: number;
    readonly waitMs: number;
    readonly fenced: number;
    readonly refused: number;
    readonly savedMs: number;
    readonly stored: number;
    readonly storedBytes: number;
    readonly largestBytes: number;
    readonly tiers: Readonly<Record<string, DefinitionTierStats>>;
}
export interface TierStats {
    readonly kind: 'local' | 'remote' | 'edge';
    readonly state: 'up' | 'degraded' | 'down';
    readonly size?: number;
    readonly bytes?: number;
    readonly evicted?: number;
    readonly expired?: number;
    readonly errors: number;
    readonly timeouts: number;
    readonly opened: number;
    readonly queued: number;
}
export interface BusStats {
    readonly gaps: number;
    readonly live: boolean;
    readonly lagMs: number | undefined;
}
export interface CacheStats {
    readonly namespace: string;
    readonly definitions: Readonly<Record<string, DefinitionStats>>;
    readonly tiers: Readonly<Record<string, TierStats>>;
    readonly tenants?: Readonly<Record<string, number>>;
    readonly buses: Readonly<Record<string, BusStats>>;
    readonly removals: {
        readonly local: number;
        readonly db: number;
        readonly bus: number;
    };
    readonly loads: {
        readonly running: number;
        readonly queued: number;
    };
}
export interface ChainCounters {
    readonly removals: {
        local: number;
        db: number;
        bus: number;
    };
    readonly buses: Map<string, {
        gaps: number;
        until: number;
        lagMs: number | undefined;
    }>;
    readonly evictions: Map<string, {
        size: number;
        expired: number;
    }>;
}
export declare function newChainCounters(localNames: readonly string[]): ChainCounters;
export declare function newCounters(tiers: number): DefinitionCounters;
export declare function tally(counts: Float64Array, position: number): void;
export declare function tallySize(c: DefinitionCounters, bytes: number): void;
export declare function definitionStats(c: DefinitionCounters, tierNames: readonly string[]): DefinitionStats;

// ./stored-frame
export interface StoredFrame {
    readonly bytes: Uint8Array;
    readonly whole?: Uint8Array;
    readonly start?: number;
    readonly stamp: string;
    readonly soft: boolean;
    readonly claimedUntil?: number;
}
export interface FrameWrite {
    readonly key: string;
    readonly bytes: Uint8Array;
    readonly expiresAt: number;
}
export type WriteOutcome = 'stored' | 'fenced' | 'too-large';

// ./tier
import type { EdgeTier } from './edge-tier.ts';
import type { LocalTier } from './local-tier.ts';
import type { RemoteTier } from './remote-tier.ts';
export type Tier<N extends string = string> = LocalTier<N> | RemoteTier<N> | EdgeTier<N>;

// ./tracing
import type { Reason } from './events.ts';
export interface TracedWork {
    within<T>(work: () => T): T;
    fail(error: unknown): void;
}
export interface TracedRead extends TracedWork {
    tier(name: string, outcome: string, ms: number): void;
    waited(ms: number): void;
    joined(other: TracedRead): void;
    madeBy(trace: string): void;
    end(state: 'fresh' | 'stale' | 'loaded' | 'nothing', tier: string | undefined): void;
}
export interface TracedLoad extends TracedWork {
    readonly carrier: string | undefined;
    end(): void;
}
export interface TracedRemoval extends TracedWork {
    end(receipt: RemovalOutcome): void;
}
export interface RemovalOutcome {
    readonly confirmed: readonly string[];
    readonly queued: readonly string[];
    readonly bus: string;
}
export interface RemovalTold {
    readonly kind: 'keys' | 'tags' | 'all';
    readonly names: number;
    readonly soft: boolean;
}
export interface Tracer {
    read(read: {
        readonly def: string | undefined;
        readonly key: () => string;
    }): TracedRead | undefined;
    load(load: {
        readonly def: string | undefined;
        readonly reason: Reason;
        readonly key: () => string;
    }, read: TracedRead | undefined): TracedLoad | undefined;
    removal(removal: RemovalTold): TracedRemoval | undefined;
    heard(removal: RemovalTold, trace: string | undefined): void;
    current(): string | undefined;
}
export declare class Tracing {
    tracer: Tracer | undefined;
}
export declare function within<R>(traced: (TracedWork & {
    end(result: R): void;
}) | undefined, work: () => Promise<R>): Promise<R>;

// ./write-queue
import type { Clock } from './clock.ts';
import type { Codec } from './codec.ts';
import type { SetupFinding } from './setup-finding.ts';
export interface QueuedWrite {
    readonly key: string;
    readonly bytes: Uint8Array;
}
export interface PendingWrite extends QueuedWrite {
    readonly token: string;
    readonly receipt: string;
}
export interface DeadWrite extends QueuedWrite {
    readonly token: string;
    readonly reason: string;
    readonly at: number;
}
export interface WriteQueueHost {
    readonly namespace: string;
    readonly clock: Clock;
    warn(finding: SetupFinding): void;
}
export interface WriteQueue {
    readonly name: string;
    readonly codec: Codec;
    open(host: WriteQueueHost): void;
    append(topic: string, writes: readonly QueuedWrite[]): Promise<void>;
    pending(topic: string, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
    take(topic: string, o: {
        readonly worker: string;
        readonly holdMs: number;
        readonly after: string;
        readonly limit: number;
    }): Promise<{
        readonly writes: readonly PendingWrite[];
        readonly next: string | undefined;
    } | undefined>;
    renew(topic: string, worker: string, holdMs: number): Promise<boolean>;
    release(topic: string, worker: string): Promise<void>;
    confirm(topic: string, writes: readonly PendingWrite[]): Promise<void>;
    bury(topic: string, writes: readonly (PendingWrite & {
        readonly reason: string;
    })[]): Promise<void>;
    dead(topic: string, limit: number): Promise<readonly DeadWrite[]>;
    discard(topic: string, tokens: readonly string[]): Promise<void>;
    retry(topic: string, tokens: readonly string[]): Promise<void>;
    state(topic: string): Promise<{
        readonly size: number;
        readonly first: string | undefined;
        readonly last: string | undefined;
    }>;
    close(): Promise<void>;
}
