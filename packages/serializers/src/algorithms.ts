import { constants as bufferLimits } from 'node:buffer'
import * as zlib from 'node:zlib'
import { declaredSize } from './zstd-frame.ts'

export type CompressionAlgorithm = 'zstd' | 'brotli' | 'gzip'

export interface Algorithm {
  /** Of the transform. Written into frames: never to be changed. */
  readonly id: number
  readonly levels: readonly [least: number, most: number]
  readonly defaultLevel: number
  readonly shrink: (bytes: Uint8Array, level: number) => Uint8Array
  /** Throws for bytes that are damaged, too few, too many, or that would grow past `maxBytes`. */
  readonly grow: (bytes: Uint8Array, maxBytes: number) => Uint8Array
}

type Grown = Buffer & { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }

const { constants } = zlib

/** zlib stops at the end of the compressed text and ignores what follows, so we ask how far it read. */
function wholly(bytes: Uint8Array, result: unknown): Uint8Array {
  const { buffer, engine } = result as Grown
  if (engine.bytesWritten !== bytes.length) throw new Error('There are bytes after the compressed ones')
  return buffer
}

function limit(maxBytes: number): number {
  return Math.min(Math.max(Math.floor(maxBytes), 1), bufferLimits.MAX_LENGTH)
}

const zstd: Algorithm = {
  id: 1,
  levels: [1, 19],
  defaultLevel: 1,
  shrink: (bytes, level) =>
    zlib.zstdCompressSync(bytes, {
      params: { [constants.ZSTD_c_compressionLevel]: level },
      // Makes the frame declare its size, and the reader's window no larger than that.
      pledgedSrcSize: bytes.length,
    }),
  grow: (bytes, maxBytes) => {
    const size = declaredSize(bytes)
    const grown = zlib.zstdDecompressSync(bytes, {
      maxOutputLength: limit(maxBytes),
      // The reader allocates the window that the bytes ask for, before any output.
      params: { [constants.ZSTD_d_windowLogMax]: windowLog(maxBytes) },
    })
    if (grown.length !== size) throw new Error(`They hold ${grown.length} bytes and declare ${size}`)
    return grown
  },
}

/** zstd knows windows of 2^10 to 2^27 bytes. */
function windowLog(maxBytes: number): number {
  return Math.min(Math.max(Math.ceil(Math.log2(maxBytes)), 10), 27)
}

const brotli: Algorithm = {
  id: 2,
  levels: [0, 11],
  defaultLevel: 4,
  shrink: (bytes, level) =>
    zlib.brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  grow: (bytes, maxBytes) =>
    wholly(bytes, zlib.brotliDecompressSync(bytes, { info: true, maxOutputLength: limit(maxBytes) })),
}

const gzip: Algorithm = {
  id: 3,
  levels: [1, 9],
  defaultLevel: 6,
  shrink: (bytes, level) => zlib.gzipSync(bytes, { level }),
  grow: (bytes, maxBytes) =>
    wholly(bytes, zlib.gunzipSync(bytes, { info: true, maxOutputLength: limit(maxBytes) })),
}

/** Those that a runtime's zlib has, best first. */
export function algorithmsOf(runtime: object): ReadonlyMap<CompressionAlgorithm, Algorithm> {
  const known = new Map<CompressionAlgorithm, Algorithm>()
  if ('zstdCompressSync' in runtime) known.set('zstd', zstd)
  return known.set('brotli', brotli).set('gzip', gzip)
}

export const algorithms: ReadonlyMap<CompressionAlgorithm, Algorithm> = algorithmsOf(zlib)
