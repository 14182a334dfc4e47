import type { Transform } from '@tierstack/cache-core'
import { algorithms } from './algorithms.ts'
import type { Algorithm } from './algorithms.ts'
import { resolveOptions } from './options.ts'
import type { CompressOptions } from './options.ts'

function readOnly(name: string, { id, grow }: Algorithm): Transform {
  return Object.freeze({ id, name, apply: () => undefined, undo: undoing(name, grow) })
}

function undoing(name: string, grow: Algorithm['grow']): Transform['undo'] {
  return (bytes, _associated, maxBytes) => {
    try {
      return grow(bytes, maxBytes)
    } catch (cause) {
      throw new Error(`Expected ${name} bytes of at most ${maxBytes} bytes: ${(cause as Error).message}`, {
        cause,
      })
    }
  }
}

/**
 * Compression above a threshold, for the `transforms` of a cache: `transforms: compress()`, or spread before
 * encryption, since encrypted bytes don't shrink.
 *
 * The first transform writes, with the chosen algorithm. The others only read what other processes wrote, with other
 * options or on a runtime without zstd. Bytes under the threshold, and those that would not shrink, stay as they are.
 * Undoing throws for bytes that are damaged or cut, that go on after the end, or that would grow past the limit.
 */
export function compress(options: CompressOptions = {}): readonly Transform[] {
  const { threshold, algorithm, level, name } = resolveOptions(options)
  const { id, shrink, grow } = algorithms.get(algorithm)!
  const writer: Transform = Object.freeze({
    id,
    name,
    apply(bytes: Uint8Array) {
      if (bytes.length < threshold) return undefined
      const shrunk = shrink(bytes, level)
      return shrunk.length < bytes.length ? shrunk : undefined
    },
    undo: undoing(name, grow),
  })
  const readers = [...algorithms]
    .filter(([other]) => other !== algorithm)
    .map(([other, a]) => readOnly(other, a))
  return Object.freeze([writer, ...readers])
}
