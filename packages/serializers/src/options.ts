import { checkKeys, checkName, checkOneOf, expectation, parseBytes } from '@tierstack/cache-core'
import type { Bytes } from '@tierstack/cache-core'
import { algorithms } from './algorithms.ts'
import type { CompressionAlgorithm } from './algorithms.ts'

export interface CompressOptions {
  /**
   * Fewer bytes than this are not compressed.
   * @default '1kb'
   */
  readonly threshold?: Bytes
  /**
   * What to write with. All that this runtime has can be read, whichever is chosen.
   * @default 'zstd', or 'brotli' where the runtime has no zstd
   */
  readonly algorithm?: CompressionAlgorithm
  /**
   * More is smaller and slower: zstd 1 to 19, brotli 0 to 11, gzip 1 to 9.
   * @default 1 for zstd, 4 for brotli, 6 for gzip
   */
  readonly level?: number
  /**
   * Name of the transform that writes, in events and `explain`.
   * @default the algorithm's name
   */
  readonly name?: string
}

export interface ResolvedCompressOptions {
  readonly threshold: number
  readonly algorithm: CompressionAlgorithm
  readonly level: number
  readonly name: string
}

export function resolveOptions(given: CompressOptions): ResolvedCompressOptions {
  checkKeys('compress options', given, ['threshold', 'algorithm', 'level', 'name'])
  const names = [...algorithms.keys()]
  const algorithm = checkOneOf('algorithm', given.algorithm ?? names[0], names)
  const { levels, defaultLevel } = algorithms.get(algorithm)!
  const { threshold = '1kb', level = defaultLevel, name = algorithm } = given
  const [least, most] = levels
  if (!Number.isInteger(level) || level < least || level > most) {
    throw expectation('level', `an integer from ${least} to ${most} for ${algorithm}`, level)
  }
  checkName('name', name)
  return Object.freeze({ threshold: parseBytes('threshold', threshold), algorithm, level, name })
}
