export type { BehindOptions } from './behind-options.ts'
export type { AuditOptions, AuditRecord } from './audit.ts'
export type { Bulk, BulkOutcome, Surveyed } from './bulk.ts'
export type { Bus, BusHost, BusListener, Removal } from './bus.ts'
export { parseBytes } from './bytes.ts'
export type { Bytes } from './bytes.ts'
export type { Cache, EntryOptions, TierHealth, WrapOptions, Wrapped } from './cache.ts'
export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'
export type { Codec, Transform } from './codec.ts'
export type { Coherence, Fence, LeaseRead, TagState } from './coherence.ts'
export { createCache } from './create-cache.ts'
export type {
  Cached,
  DeadLetter,
  Definition,
  NextRows,
  SaveContext,
  WarmOptions,
  WarmProgress,
  WarmReport,
} from './definition.ts'
export type { Defined, EntryByKey } from './defined.ts'
export { parseDuration } from './duration.ts'
export type { Duration, TtlPreset } from './duration.ts'
export type { EdgeHost, EdgeOutcome, EdgePurge, EdgeTier } from './edge-tier.ts'
export type { Encryption, SealKey } from './encryption.ts'
export type { LocalEntry, TagStamp } from './entry.ts'
export type { EraseOptions, Erasure } from './erase.ts'
export { CacheError, errorCodes } from './errors.ts'
export type { ErrorCode } from './errors.ts'
export { eventNames } from './events.ts'
export type { EventMap, EventName, Reason, TierVerb } from './events.ts'
export {
  checkCodec,
  checkKeys,
  checkMethods,
  checkName,
  checkOneOf,
  expectation,
  nearest,
} from './expectation.ts'
export type { ExplainStep, Explanation } from './explain.ts'
export type { Inspected } from './inspected.ts'
export type { Isolation } from './isolate.ts'
export { isJoined, joinKey, splitKey } from './key.ts'
export type { KeyHash } from './key-hash.ts'
export type { KeyOf, KeyPart, SplitKey } from './key.ts'
export type { LoadContext, Loader } from './load-context.ts'
export { noShelf } from './local-tier.ts'
export type { LocalHost, LocalTier, Shelf } from './local-tier.ts'
export type { CacheOptions } from './options.ts'
export type { Freshness, Policy, Timeouts, Ttl } from './policy.ts'
export type { MaybePromise } from './maybe-promise.ts'
export type { ReadOptions } from './read-options.ts'
export { openReadScope } from './read-scope.ts'
export type { EntryRead, ReadScope } from './read-scope.ts'
export type { RemoteCapabilities, RemoteHost, RemoteTier } from './remote-tier.ts'
export type { Receipt } from './remove.ts'
export type { SchemaResult, StandardSchema } from './schema.ts'
export type {
  BusStats,
  CacheStats,
  DefinitionStats,
  DefinitionTierStats,
  MissReason,
  TierStats,
} from './stats.ts'
export type {
  RemovalOutcome,
  RemovalTold,
  TracedLoad,
  TracedRead,
  TracedRemoval,
  TracedWork,
  Tracer,
} from './tracing.ts'
export type { SetupFinding } from './setup-finding.ts'
export type { FrameWrite, StoredFrame, WriteOutcome } from './stored-frame.ts'
export type { Tier } from './tier.ts'
export type { DeadWrite, PendingWrite, QueuedWrite, WriteQueue, WriteQueueHost } from './write-queue.ts'
