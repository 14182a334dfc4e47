import type { AuditOptions } from './audit.ts'
import type { Bus } from './bus.ts'
import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import type { Codec, Transform } from './codec.ts'
import type { EdgeTier } from './edge-tier.ts'
import type { Encryption } from './encryption.ts'
import type { Duration } from './duration.ts'
import { parseDuration } from './duration.ts'
import { CacheError } from './errors.ts'
import { checkKeys, checkMethods, checkOneOf, expectation } from './expectation.ts'
import { checkIds } from './frames.ts'
import { checkName } from './key.ts'
import type { KeyHash } from './key-hash.ts'
import type { LocalTier } from './local-tier.ts'
import { defaultPolicy, policyKeys, resolvePolicy } from './policy.ts'
import type { Policy, ResolvedPolicy } from './policy.ts'
import type { RemoteTier } from './remote-tier.ts'
import type { Tier } from './tier.ts'
import type { WriteQueue } from './write-queue.ts'

export interface CacheOptions<T extends readonly Tier[] = readonly Tier[]> extends Policy<T[number]['name']> {
  /** Root of all keys in shared tiers. Caches with one namespace share their entries, others never meet. */
  namespace: string
  /** Near → far: any number of local tiers, then remote ones, then edges. */
  tiers: T
  /** An invalidation channel beside those that tiers bring along. */
  bus?: Bus
  /** Name of the remote tier that keeps tag generations. @default the farthest one */
  tagsAt?: T[number]['name']
  /** Writes and reads values in remote tiers; further ones only read. @default the codec of the nearest remote tier */
  codec?: Codec | readonly Codec[]
  /** Compression and the like, in the order in which they are applied. @default [] */
  transforms?: readonly Transform[]
  /** Where the writes of definitions with `write: 'behind'` wait for the source. */
  writeQueue?: WriteQueue
  /**
   * Seals everything that remote tiers hold, after the transforms. What isn't sealed is then a miss there.
   * @default none
   */
  encryption?: Encryption
  /**
   * Stands for inputs, raw keys and tags in every name that leaves the process. The same for all processes of a namespace:
   * with another one they don't see each other's removals.
   * @default none
   */
  keyHash?: KeyHash
  /** Takes on record what is done through definitions that ask for it. @default none */
  audit?: AuditOptions
  /**
   * Whose operation it is: a function that answers with the caller's tenant, from an AsyncLocalStorage say, or true when
   * only `withTenant` tells. An operation without a tenant throws `NO_TENANT`; nothing of one tenant is another's.
   * @default none
   */
  tenant?: (() => string | undefined) | true
  /** @default the system's */
  clock?: Clock
  /** Source of jitter and early refresh, 0 ≤ n < 1. @default Math.random */
  random?: () => number
  /** Given every promise of background work, for runtimes that end when the response is sent. */
  waitUntil?: (work: Promise<unknown>) => void
  /** `false`: every read loads, nothing is stored. A function is asked at each read; removals then still happen. @default true */
  enabled?: boolean | (() => boolean)
  /** What happens to local entries when bus messages may have been lost. @default 'suspect' */
  onGap?: 'suspect' | 'flush'
  /** Longest age of a local entry while the bus is silent. @default '500ms' */
  suspectTtl?: Duration
  /** Loads begun this soon after a removal are served, not stored: the replica they read may lag. @default 0 */
  replicaLag?: Duration
  /**
   * How many loads run at once, and how many may wait for a place: as many as the pool has connections, and what waits for
   * one is loaded by one `loadMany`, where there is one. @default { concurrentLoads: 64, queue: 10_000 }
   */
  bulkhead?: { readonly concurrentLoads?: number; readonly queue?: number }
}

export interface ResolvedOptions {
  readonly namespace: string
  readonly locals: readonly LocalTier[]
  readonly remotes: readonly RemoteTier[]
  readonly edges: readonly EdgeTier[]
  readonly names: readonly string[]
  readonly policy: ResolvedPolicy
  readonly bus: Bus | undefined
  readonly tagsAt: string | undefined
  readonly codecs: readonly Codec[]
  readonly transforms: readonly Transform[]
  readonly writeQueue: WriteQueue | undefined
  readonly encryption: Encryption | undefined
  readonly keyHash: KeyHash | undefined
  readonly audit: AuditOptions | undefined
  readonly tenant: (() => string | undefined) | true | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  readonly enabled: boolean | (() => boolean)
  readonly onGap: 'suspect' | 'flush'
  readonly suspectTtl: number
  readonly replicaLag: number
  readonly concurrentLoads: number
  readonly queue: number
}

const known = [
  'namespace',
  'tiers',
  'bus',
  'tagsAt',
  'codec',
  'transforms',
  'writeQueue',
  'encryption',
  'keyHash',
  'tenant',
  'audit',
  'clock',
  'random',
  'waitUntil',
  'enabled',
  'onGap',
  'suspectTtl',
  'replicaLag',
  'bulkhead',
  ...policyKeys,
] as const

const ranks = { local: 0, remote: 1, edge: 2 } as const

function checkChain(tiers: unknown): readonly Tier[] {
  if (!Array.isArray(tiers) || tiers.length === 0) {
    throw expectation('tiers', 'a list of at least one tier, such as `[memory()]`', tiers)
  }
  const names = new Set<string>()
  let previous: Tier | undefined
  for (const [i, tier] of (tiers as Tier[]).entries()) {
    if (typeof tier !== 'object' || tier === null || !(tier.kind in ranks)) {
      throw expectation(`tiers[${i}]`, 'a tier, such as `memory()` or `redis({ url })`', tier)
    }
    const name = checkName(`tiers[${i}].name`, tier.name, 32)
    if (name === 'default')
      throw expectation(`tiers[${i}].name`, 'another name: `default` has a meaning in `ttl`', name)
    if (names.has(name)) {
      throw new CacheError(
        'INVALID_CHAIN',
        `Expected tiers with different names, got \`${name}\` twice; give one of them a \`name\``,
      )
    }
    names.add(name)
    if (previous !== undefined && ranks[tier.kind] < ranks[previous.kind]) {
      throw new CacheError(
        'INVALID_CHAIN',
        `Expected tiers in the order local, remote, edge (near to far), got ${tier.kind} tier \`${name}\` after ${previous.kind} tier \`${previous.name}\``,
      )
    }
    previous = tier
  }
  return tiers as Tier[]
}

function wholeNumber(what: string, given: unknown, least: number): number {
  if (given === Number.POSITIVE_INFINITY) return given
  if (Number.isInteger(given) && (given as number) >= least) return given as number
  throw expectation(what, `an integer of ${least} or more`, given)
}

function optionalFunction<F>(what: string, given: F | undefined): F | undefined {
  if (given === undefined || typeof given === 'function') return given
  throw expectation(what, 'a function', given)
}

function checkPlugs({ bus, clock, codec, encryption, keyHash, transforms, writeQueue }: CacheOptions): void {
  if (writeQueue !== undefined)
    checkMethods('writeQueue', writeQueue, 'a write queue', ['open', 'append', 'pending', 'take', 'confirm'])
  if (bus !== undefined) checkMethods('bus', bus, 'a bus', ['open', 'publish', 'close'])
  if (clock !== undefined) checkMethods('clock', clock, 'a clock', ['now', 'wall', 'after'])
  if (codec !== undefined)
    for (const one of [codec].flat()) checkMethods('codec', one, 'a codec', ['encode', 'decode'])
  if (encryption !== undefined)
    checkMethods('encryption', encryption, 'an encryption', ['current', 'byId', 'forget'])
  if (keyHash !== undefined) checkMethods('keyHash', keyHash, 'a hash of keys', ['hash'])
  if (transforms === undefined) return
  if (!Array.isArray(transforms)) throw expectation('transforms', 'a list of transforms', transforms)
  for (const one of transforms) checkMethods('transforms', one, 'transforms', ['apply', 'undo'])
}

function checkAudit(given: AuditOptions | undefined): AuditOptions | undefined {
  if (given === undefined) return undefined
  checkKeys('audit', given, ['sink', 'who', 'queue'])
  checkMethods('audit', given, 'an audit', ['sink'])
  optionalFunction('audit.who', given.who)
  wholeNumber('audit.queue', given.queue ?? 1, 1)
  return { ...given }
}

export function resolveOptions(given: CacheOptions): ResolvedOptions {
  checkKeys('createCache options', given, known)
  const tiers = checkChain(given.tiers)
  const names = tiers.map((tier) => tier.name)
  const remotes = tiers.filter((tier): tier is RemoteTier => tier.kind === 'remote')
  if (given.bulkhead !== undefined) checkKeys('bulkhead', given.bulkhead, ['concurrentLoads', 'queue'])
  if (typeof given.enabled !== 'function' && given.enabled !== undefined)
    checkOneOf('enabled', given.enabled, [true, false])
  if (given.tagsAt !== undefined && !remotes.some((tier) => tier.name === given.tagsAt))
    throw expectation('tagsAt', 'the name of a remote tier', given.tagsAt)
  checkPlugs(given)
  const own = given.codec === undefined ? [] : [given.codec].flat()
  const { writeQueue } = given
  const queued = writeQueue === undefined ? [] : [writeQueue.codec]
  const codecs = [...own, ...remotes.map((tier) => tier.codec), ...queued] as Codec[]
  checkIds('codec', codecs)
  checkIds('transforms', given.transforms ?? [])
  return {
    namespace: checkName('namespace', given.namespace, 64),
    locals: tiers.filter((tier): tier is LocalTier => tier.kind === 'local'),
    remotes,
    edges: tiers.filter((tier): tier is EdgeTier => tier.kind === 'edge'),
    names,
    policy: resolvePolicy(given, defaultPolicy(names), names, true),
    bus: given.bus,
    tagsAt: given.tagsAt,
    codecs,
    transforms: given.transforms ?? [],
    writeQueue,
    encryption: given.encryption,
    keyHash: given.keyHash,
    audit: checkAudit(given.audit),
    tenant: given.tenant === true ? true : optionalFunction('tenant', given.tenant),
    clock: given.clock ?? systemClock,
    random: optionalFunction('random', given.random) ?? Math.random,
    waitUntil: optionalFunction('waitUntil', given.waitUntil),
    enabled: given.enabled ?? true,
    onGap: checkOneOf('onGap', given.onGap ?? 'suspect', ['suspect', 'flush']),
    suspectTtl: parseDuration('suspectTtl', given.suspectTtl ?? 500),
    replicaLag: parseDuration('replicaLag', given.replicaLag ?? 0),
    concurrentLoads: wholeNumber('bulkhead.concurrentLoads', given.bulkhead?.concurrentLoads ?? 64, 1),
    queue: wholeNumber('bulkhead.queue', given.bulkhead?.queue ?? 10_000, 0),
  }
}
