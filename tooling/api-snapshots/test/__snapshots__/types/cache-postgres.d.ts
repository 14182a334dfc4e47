// ./cached-connection
import type { Plan } from './plan.ts';
export interface Asked<R, S> {
    readonly text: string;
    readonly values: readonly unknown[];
    readonly shape: string;
    readonly uncached?: boolean;
    readonly awaited?: (() => boolean) | undefined;
    readonly execute: () => Promise<R>;
    readonly pack: (result: R) => S;
    readonly unpack: (stored: S) => R;
    readonly count: (stored: S) => number;
}
export interface CachedConnection {
    run<R, S>(asked: Asked<R, S>): Promise<R>;
    begin(): void;
    commit(work: () => Promise<void>): Promise<void>;
    rollback(work: () => Promise<void>): Promise<void>;
}
export interface Planned {
    readonly plans: readonly Plan[];
    readonly place: string | undefined;
}
export interface SharedQueries {
    plans(text: string): Promise<Planned>;
    mayCache(plan: Plan): boolean;
    read<R, S>(plan: Plan, place: string, asked: Asked<R, S>): Promise<R>;
    invalidate(tags: ReadonlySet<string>): Promise<void>;
    unsettled(tags: ReadonlySet<string>): void;
    forget(): void;
}
export declare class Connection implements CachedConnection {
    #private;
    constructor(queries: SharedQueries);
    run<R, S>(asked: Asked<R, S>): Promise<R>;
    begin(): void;
    commit(work: () => Promise<void>): Promise<void>;
    rollback(work: () => Promise<void>): Promise<void>;
}

// ./cached-queries
import type { LoadContext, Policy, Receipt, Removal } from '@tierstack/cache-core';
import type { CachedConnection } from './cached-connection.ts';
export interface QueryCache {
    namespace(name: string, policy?: Policy<never>): QueryEntries;
    changed(removal: Removal, options?: {
        readonly origin?: 'local' | 'db';
    }): Promise<Receipt>;
}
interface QueryEntries {
    getOrSet(key: string, load: (context: LoadContext) => Promise<unknown>, options?: {
        readonly tags?: readonly string[];
    }): Promise<unknown>;
}
export interface CachedQueriesOptions {
    readonly cache: QueryCache;
    readonly query: (text: string) => PromiseLike<{
        readonly rows: readonly unknown[];
    } | readonly unknown[]>;
    readonly tables?: readonly string[];
    readonly policy?: Policy<never>;
    readonly scope?: () => string;
    readonly queued?: (receipt: Receipt) => void;
    readonly current?: () => Promise<boolean>;
}
export declare const cachedQueriesOptionNames: readonly ['cache', 'query', 'tables', 'policy', 'scope', 'queued', 'current'];
export interface CachedQueries {
    connection(): CachedConnection;
}
export declare function cachedQueries(options: CachedQueriesOptions): CachedQueries;
export {};

// ./change-feed
import type { SourceState } from './change-source.ts';
import type { FeedEventMap, FeedEventName } from './feed-events.ts';
import type { ChangeFeedOptions } from './feed-options.ts';
export interface FeedStats {
    readonly state: SourceState;
    readonly changes: number;
    readonly batches: number;
    readonly gaps: number;
    readonly lagBytes: number;
    readonly lagMs: number;
}
export interface ChangeFeed extends AsyncDisposable {
    ready(): Promise<void>;
    stats(): FeedStats;
    on<E extends FeedEventName>(event: E, listener: (event: FeedEventMap[E]) => void): () => void;
    close(): Promise<void>;
}
export declare function changeFeed(options: ChangeFeedOptions): ChangeFeed;

// ./change-source
export type RowText = {
    readonly [column: string]: string | null | undefined;
};
export interface Change<Row extends RowText = RowText> {
    readonly op: 'insert' | 'update' | 'delete';
    readonly schema: string;
    readonly table: string;
    readonly key: readonly string[] | undefined;
    readonly formerKey: readonly string[] | undefined;
    readonly row: Row | undefined;
    readonly before: Row | undefined;
}
export interface ChangeBatch {
    readonly changes: readonly Change[];
    readonly wholeTables: readonly {
        readonly schema: string;
        readonly table: string;
    }[];
}
export interface SourceFinding {
    readonly check: string;
    readonly found: string;
    readonly fix: string;
}
export type SourceState = 'starting' | 'following' | 'standby' | 'down' | 'stopped';
export interface ChangeHost {
    apply(batch: ChangeBatch): Promise<void>;
    gap(why: string, tables?: ChangeBatch['wholeTables']): Promise<void>;
    state(state: SourceState, error?: unknown): void;
    warn(finding: SourceFinding): void;
    lag(bytes: number): void;
}
export interface ChangeSource {
    readonly name: string;
    open(host: ChangeHost): void;
    close(): Promise<void>;
}

// ./feed-events
import type { SourceFinding, SourceState } from './change-source.ts';
export interface FeedEventMap {
    applied: {
        readonly changes: number;
    };
    gap: {
        readonly why: string;
    };
    state: {
        readonly state: SourceState;
        readonly error: unknown;
    };
    warning: SourceFinding;
}
export type FeedEventName = keyof FeedEventMap;
export declare class FeedEvents {
    #private;
    add<E extends FeedEventName>(name: E, listener: (event: FeedEventMap[E]) => void): () => void;
    emit<E extends FeedEventName>(name: E, event: FeedEventMap[E]): void;
}

// ./feed-options
import type { Receipt, Removal } from '@tierstack/cache-core';
import type { Change, ChangeSource } from './change-source.ts';
export type Removes = readonly string[] | {
    readonly tags?: readonly string[];
    readonly keys?: readonly string[];
};
export type ChangeMap = {
    readonly [table: string]: {
        map(change: Change<never>): Removes;
    }['map'];
};
export interface ChangedCache {
    changed(removal: Removal): Promise<Receipt>;
}
export interface ChangeFeedOptions {
    readonly cache: ChangedCache;
    readonly source: ChangeSource;
    readonly map?: ChangeMap;
    readonly wholeTable?: 'clear' | 'tags';
}
export declare const feedOptionNames: readonly ['cache', 'source', 'map', 'wholeTable'];
export declare function resolveFeedOptions(given: ChangeFeedOptions): ChangeFeedOptions;

// ./install-triggers
import type { ReportedColumns } from './reported-columns.ts';
import type { ReportBy } from './triggers.ts';
export interface SqlClient {
    query(text: string, values?: unknown[]): Promise<{
        rows: unknown[];
    }>;
    exec?(text: string): Promise<unknown>;
}
export interface InstallOptions {
    readonly tables?: readonly string[];
    readonly columns?: ReportedColumns;
    readonly channel?: string;
    readonly by?: ReportBy;
}
export declare function triggerSql(client: SqlClient, options?: InstallOptions): Promise<string>;
export declare function installTriggers(client: SqlClient, options?: InstallOptions): Promise<void>;
export declare function uninstallTriggers(client: SqlClient): Promise<void>;

// ./listen-notify
import type { ChangeSource } from './change-source.ts';
import type { ReportingOptions } from './reporting-options.ts';
export declare function listenNotify(options: ReportingOptions): ChangeSource;

// ./logical-replication
import type { ChangeSource } from './change-source.ts';
import type { LogicalReplicationOptions } from './replication-options.ts';
export declare function logicalReplication(options: LogicalReplicationOptions): ChangeSource;

// ./outbox
import type { ChangeSource } from './change-source.ts';
import type { OutboxOptions } from './reporting-options.ts';
export declare function outbox(options: OutboxOptions): ChangeSource;

// ./replica-reads
import type { Duration, LoadContext } from '@tierstack/cache-core';
import type { Lsn } from './lsn.ts';
type AskServer = (text: string) => PromiseLike<{
    readonly rows: readonly unknown[];
} | readonly unknown[]>;
export interface ReplicaReadsOptions {
    readonly primary: AskServer;
    readonly replica: AskServer;
    readonly wait?: Duration;
}
export declare const replicaReadsOptionNames: readonly ['primary', 'replica', 'wait'];
export interface ReplicaReads {
    readonly current: () => Promise<boolean>;
    readonly guard: <K, V>(load: (key: K, context: LoadContext) => PromiseLike<V>) => (key: K, context: LoadContext) => Promise<V>;
}
export declare function replicaReads(options: ReplicaReadsOptions): ReplicaReads;
export declare function reached(replayed: Lsn, goal: Lsn): boolean;
export {};

// ./replication-options
import type { Bytes, Duration } from '@tierstack/cache-core';
import type { ConnectionOptions } from './connection.ts';
export interface LogicalReplicationOptions {
    readonly connection: ConnectionOptions;
    readonly tables?: readonly string[];
    readonly publication?: string;
    readonly slot?: string;
    readonly perProcess?: boolean;
    readonly silence?: Duration;
    readonly takeOver?: Duration;
    readonly check?: Duration;
    readonly warnAt?: Bytes;
}
export interface ResolvedReplication {
    readonly connection: ConnectionOptions;
    readonly tables: readonly string[] | undefined;
    readonly publication: string;
    readonly slot: string;
    readonly perProcess: boolean;
    readonly silence: number;
    readonly takeOver: number;
    readonly check: number;
    readonly warnAt: number;
}
export declare const replicationOptionNames: readonly ['connection', 'tables', 'publication', 'slot', 'perProcess', 'silence', 'takeOver', 'check', 'warnAt'];
export declare function resolveReplication(given: LogicalReplicationOptions): ResolvedReplication;

// ./reported-columns
import type { Ask, FollowedTable } from './tables.ts';
export type ReportedColumns = Readonly<Record<string, readonly string[]>>;
export interface ReportedTable extends FollowedTable {
    readonly columns: readonly string[];
}
export declare function checkColumns(given: unknown): ReportedColumns;
export declare function withColumns(ask: Ask, tables: readonly FollowedTable[], columns: ReportedColumns, reportedSoFar?: (table: FollowedTable) => readonly string[]): Promise<ReportedTable[]>;

// ./reporting-options
import type { Duration } from '@tierstack/cache-core';
import type { ConnectionOptions } from './connection.ts';
import type { ReportedColumns } from './reported-columns.ts';
import type { EmbeddedDatabase } from './session.ts';
export interface ReportingOptions {
    readonly connection?: ConnectionOptions;
    readonly database?: EmbeddedDatabase;
    readonly tables?: readonly string[];
    readonly columns?: ReportedColumns;
    readonly channel?: string;
    readonly install?: boolean;
    readonly perProcess?: boolean;
    readonly silence?: Duration;
    readonly takeOver?: Duration;
    readonly check?: Duration;
}
export interface OutboxOptions extends ReportingOptions {
    readonly poll?: Duration;
    readonly keep?: Duration;
}
export interface ResolvedReporting {
    readonly connection: ConnectionOptions | undefined;
    readonly database: EmbeddedDatabase | undefined;
    readonly tables: readonly string[] | undefined;
    readonly columns: ReportedColumns;
    readonly channel: string;
    readonly install: boolean;
    readonly perProcess: boolean;
    readonly silence: number;
    readonly takeOver: number;
    readonly check: number;
    readonly poll: number;
    readonly keep: number;
}
export declare const notifyOptionNames: readonly ['connection', 'database', 'tables', 'columns', 'channel', 'install', 'perProcess', 'silence', 'takeOver', 'check'];
export declare const outboxOptionNames: readonly string[];
export declare function resolveReporting(what: 'listenNotify' | 'outbox', given: OutboxOptions): ResolvedReporting;
export declare function checkChannel(given: unknown): string;

// ./session
import type { ConnectionOptions, SqlRow } from './connection.ts';
export interface EmbeddedDatabase {
    query(text: string, values?: unknown[]): Promise<{
        rows: unknown[];
    }>;
    exec(text: string): Promise<unknown>;
    listen(channel: string, heard: (payload: string) => void): Promise<(...rest: never[]) => Promise<void>>;
}
export interface Session {
    query(text: string, values?: readonly unknown[]): Promise<SqlRow[]>;
    exec(text: string): Promise<void>;
    listen(channel: string, heard: (payload: string) => void): Promise<void>;
    readonly lost: Promise<never>;
    close(): Promise<void>;
}
export declare function openSession(connection: ConnectionOptions, silence: number): Promise<Session>;
export declare function embeddedSession(database: EmbeddedDatabase): Session;

// ./setup-error
import type { SourceFinding } from './change-source.ts';
export declare class SetupError extends Error {
    readonly finding: SourceFinding;
    readonly code: string;
    constructor(finding: SourceFinding, cause?: unknown);
}

// ./tags
import type { Change } from './change-source.ts';
export declare function tableName(schema: string, table: string): string;
export declare function tableTag(table: string): string;
export declare function rowTag(table: string, ...key: readonly (string | number | bigint)[]): string;
export declare function anyRowTag(table: string): string;
export declare function tagsOfChange({ schema, table, key, formerKey }: Change): string[];

// ./write-queue
import type { Codec, WriteQueue } from '@tierstack/cache-core';
import type { SqlClient } from './install-triggers.ts';
export interface PostgresQueueOptions {
    readonly client: SqlClient;
    readonly name?: string;
    readonly codec?: Codec;
}
export declare function writeQueueSql(): string;
export declare function postgresWriteQueue(options: PostgresQueueOptions): WriteQueue;
