/*
 * What a feed needs from a database. A source reads one log of committed changes in order and hands it to its host;
 * everything about caches (tags, receipts, retries) is on the host's side. Three sources are here: logical
 * replication, LISTEN/NOTIFY and an outbox table. MySQL's binlog or a Debezium topic is a fourth in the same way:
 *
 * - hand over a transaction only when new readers can see it: an invalidation that comes earlier lets a reader store
 *   the old row after it;
 * - `apply` batches in the order of their commits, without waiting for one before the next, and move the log's own
 *   position (slot, offset, marker) past a batch only when its promise has resolved;
 * - whenever changes may have been missed (the log was cut, the connection that can't replay was lost, the position is
 *   unknown), call `gap` before going on. Too much is harmless, too little never heals.
 */

/** Values of a row by column, as the database prints them; undefined where a value wasn't sent. */
export type RowText = { readonly [column: string]: string | null | undefined }

/** One row that changed. */
export interface Change<Row extends RowText = RowText> {
  readonly op: 'insert' | 'update' | 'delete'
  readonly schema: string
  readonly table: string
  /** Primary key after the change (for a delete, before it), in the order of its columns. Undefined: not known. */
  readonly key: readonly string[] | undefined
  /** Primary key before the change, where that was another one. */
  readonly formerKey: readonly string[] | undefined
  /** The row after the change. Columns that are large and unchanged may be missing, as may be all but the key. */
  readonly row: Row | undefined
  /** The row before the change: all of it with `REPLICA IDENTITY FULL`, else what the log has of it. */
  readonly before: Row | undefined
}

/** Part of the changes of one transaction. */
export interface ChangeBatch {
  readonly changes: readonly Change[]
  /** Tables of which more than single rows changed: truncated, or with another structure. */
  readonly wholeTables: readonly { readonly schema: string; readonly table: string }[]
}

/** A fault or a weakness of the set-up, with what to change. */
export interface SourceFinding {
  /** Stable name, such as `wal_level`. */
  readonly check: string
  readonly found: string
  readonly fix: string
}

/** `following`: changes arrive. `standby`: another process of the fleet follows. `down`: not connected, trying. */
export type SourceState = 'starting' | 'following' | 'standby' | 'down' | 'stopped'

/** The feed, as a source sees it. Nothing here throws or rejects. */
export interface ChangeHost {
  /** Resolves when every tier has confirmed the removals of the batch: only then may its position be given up. */
  apply(batch: ChangeBatch): Promise<void>
  /**
   * Changes may have been missed: of these tables, or, where they aren't given, of any. Resolves when every entry that
   * might be concerned is gone.
   */
  gap(why: string, tables?: ChangeBatch['wholeTables']): Promise<void>
  state(state: SourceState, error?: unknown): void
  /** A finding; one of each `check` and `found` is passed on. */
  warn(finding: SourceFinding): void
  /** Bytes of log between what the database has written and what is confirmed. */
  lag(bytes: number): void
}

/** A log of committed changes. */
export interface ChangeSource {
  readonly name: string
  /** Called once. Follows until `close`, through any number of lost connections. Must not throw. */
  open(host: ChangeHost): void
  /** Gives up position and connections. Idempotent. */
  close(): Promise<void>
}
