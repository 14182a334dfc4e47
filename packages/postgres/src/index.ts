export { changeFeed } from './change-feed.ts'
export type { ChangeFeed, FeedStats } from './change-feed.ts'
export type {
  Change,
  ChangeBatch,
  ChangeHost,
  ChangeSource,
  RowText,
  SourceFinding,
  SourceState,
} from './change-source.ts'
export type { FeedEventMap, FeedEventName } from './feed-events.ts'
export type { ChangeFeedOptions, ChangeMap, ChangedCache, Removes } from './feed-options.ts'
export { logicalReplication } from './logical-replication.ts'
export type { LogicalReplicationOptions } from './replication-options.ts'
export { SetupError } from './setup-error.ts'
export { anyRowTag, rowTag, tableTag } from './tags.ts'
export { installTriggers, triggerSql, uninstallTriggers } from './install-triggers.ts'
export type { InstallOptions, SqlClient } from './install-triggers.ts'
export { listenNotify } from './listen-notify.ts'
export { outbox } from './outbox.ts'
export type { ReportedColumns } from './reported-columns.ts'
export type { OutboxOptions, ReportingOptions } from './reporting-options.ts'
export type { EmbeddedDatabase } from './session.ts'
export { cachedQueries } from './cached-queries.ts'
export type { Asked, CachedConnection } from './cached-connection.ts'
export type { CachedQueries, CachedQueriesOptions, QueryCache } from './cached-queries.ts'
export { replicaReads } from './replica-reads.ts'
export type { ReplicaReads, ReplicaReadsOptions } from './replica-reads.ts'
export { postgresWriteQueue, writeQueueSql } from './write-queue.ts'
export type { PostgresQueueOptions } from './write-queue.ts'
