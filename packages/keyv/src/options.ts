import { checkCodec, checkKeys, checkName, checkOneOf, expectation, parseBytes } from '@tierstack/cache-core'
import type { Bytes, Codec, RemoteCapabilities } from '@tierstack/cache-core'
import { msgpack } from '@tierstack/cache-serializers'

export interface KeyvTierOptions {
  /**
   * Name of the tier in events, statistics and per-tier options.
   * @default 'keyv'
   */
  readonly name?: string
  /**
   * First part of every key in the store. Keys without it are never read, written or cleared.
   * @default 'ts'
   */
  readonly prefix?: string
  /**
   * Who sees the same entries: this process, the processes of this host, or a fleet.
   * @default 'process' for a `Map` and for a Keyv on one, else 'fleet'
   */
  readonly shared?: RemoteCapabilities['shared']
  /**
   * Largest frame that is stored.
   * @default '8mb'
   */
  readonly maxValueBytes?: Bytes
  /**
   * How values become bytes.
   * @default msgpack()
   */
  readonly codec?: Codec
}

export interface ResolvedKeyvTierOptions {
  readonly name: string
  readonly prefix: string
  /** Undefined: as the store looks. */
  readonly shared: RemoteCapabilities['shared'] | undefined
  readonly maxValueBytes: number
  readonly codec: Codec
}

export const optionNames: readonly (keyof KeyvTierOptions)[] = [
  'name',
  'prefix',
  'shared',
  'maxValueBytes',
  'codec',
]

export function resolveOptions(given: KeyvTierOptions): ResolvedKeyvTierOptions {
  checkKeys('keyvTier options', given, optionNames)
  const { name = 'keyv', prefix = 'ts', shared, maxValueBytes = '8mb', codec = msgpack() } = given
  checkName('name', name)
  checkCodec(codec)
  if (typeof prefix !== 'string' || !/^[\w.-]{1,64}$/.test(prefix)) {
    throw expectation('prefix', '1 to 64 letters, digits or one of . _ -', prefix)
  }
  return Object.freeze({
    name,
    prefix,
    shared: shared === undefined ? undefined : checkOneOf('shared', shared, ['process', 'host', 'fleet']),
    maxValueBytes: parseBytes('maxValueBytes', maxValueBytes),
    codec,
  })
}
