export type { Bus, BusHost, BusListener, Removal } from './bus.ts'
export { parseBytes } from './bytes.ts'
export type { Bytes } from './bytes.ts'
export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'
export type { Codec, Transform } from './codec.ts'
export { parseDuration } from './duration.ts'
export type { Duration, TtlPreset } from './duration.ts'
export type { LocalEntry, TagStamp } from './entry.ts'
export { CacheError, errorCodes } from './errors.ts'
export type { ErrorCode } from './errors.ts'
export { checkKeys, checkOneOf, expectation } from './expectation.ts'
export type {
  Coherence,
  EdgePurge,
  EdgeTier,
  Fence,
  FrameWrite,
  LeaseRead,
  LocalHost,
  LocalTier,
  RemoteCapabilities,
  RemoteHost,
  RemoteTier,
  SetupFinding,
  StoredFrame,
  TagState,
  Tier,
  WriteOutcome,
} from './tier.ts'
