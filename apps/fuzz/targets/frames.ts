import { compress, encrypt, json, keyRing, msgpack } from '@tierstack/cache-serializers'
// The formats are no public interface: only what fuzzes them reaches for their files.
import { BadFrame, encodeHead, joinFrame } from '../../../packages/core/src/frame.ts'
import { decodeFrame } from '../../../packages/core/src/read-frame.ts'
import { Frames } from '../../../packages/core/src/frames.ts'
import { mayRefuse } from './target.ts'
import type { Target } from './target.ts'

const header = {
  codec: 1,
  transforms: [] as number[],
  keyId: '',
  createdAt: 1_700_000_000_000,
  freshFor: 60_000,
  staleFor: 0,
  errorFor: 0,
  loadMs: 3,
  version: '2',
  etag: 'W/"1"',
  key: '#row@2:n1',
  tags: [{ tag: '!d#row@2', generation: '0123456789abcdef' }],
}
const codecs = [msgpack(), json()]
const limit = 1_000_000
const options = { namespace: 'fuzz', codec: msgpack(), readable: [json()], transforms: compress() }
const plain = new Frames({ ...options, encryption: undefined, maxBytes: limit })
const keys = keyRing([{ id: 'k', secret: new Uint8Array(32).fill(7) }])
const sealed = new Frames({ ...options, encryption: encrypt({ keys }), maxBytes: limit })
const value = { id: 7, name: 'Ada', tags: ['a', 'b'], at: new Date(5), by: new Map([['k', new Set([1n])]]) }

function framed(frames: Frames, given: unknown, id?: string): Uint8Array {
  const payload = frames.encode(given, header.key, header.version)
  const { codec: _, transforms: __, keyId: ___, ...rest } = header
  return frames.frame(
    payload,
    rest,
    id === undefined ? undefined : (frames.sealKey(header.key, false) as never),
  )
}

const badFrame = (error: Error) => error instanceof BadFrame

/** A frame is read, taken apart, and put together again as the very same bytes. */
const frame: Target = {
  name: 'frame',
  seeds: [framed(plain, value), framed(sealed, value, 'k'), framed(plain, null)],
  run(input) {
    const taken = mayRefuse(() => decodeFrame(input, header.key), badFrame)
    if (taken && !Buffer.from(joinFrame(taken.head, taken.payload)).equals(input))
      throw new Error('not the same')
  },
}

/** The header behind a checksum that fits, which chance would not find. */
const head: Target = {
  name: 'head',
  seeds: [encodeHead(header), encodeHead({ ...header, etag: undefined, tags: [], transforms: [1, 2] })],
  run(input) {
    mayRefuse(() => decodeFrame(joinFrame(input, new Uint8Array(3)), header.key), badFrame)
  },
}

/** Transforms and codecs, as a frame names them: the first byte chooses. */
const payload: Target = {
  name: 'payload',
  seeds: codecs.flatMap((codec) =>
    compress({ threshold: 1 }).map((_, i) =>
      Buffer.concat([Buffer.of(codec.id | (i << 4)), codec.encode(value)]),
    ),
  ),
  run(input) {
    const first = input[0] ?? 0
    const made = { ...header, codec: first & 0x0f, transforms: first >> 4 === 0 ? [] : [first >> 4] }
    const taken = { header: made, head: input, payload: input.subarray(1) }
    mayRefuse(
      () => plain.decode(taken, undefined),
      (error) => error.constructor === Error || badFrame(error),
    )
  },
}

const sealedBytes: Target = {
  name: 'seal',
  seeds: [framed(sealed, value, 'k')],
  run(input) {
    const taken = mayRefuse(() => decodeFrame(input, header.key), badFrame)
    if (taken) void mayRefuse(() => sealed.unseal(taken, true), badFrame)
  },
}

/** What was decoded is encoded and decoded again, as the same bytes. */
const codecTargets = codecs.map((codec): Target => ({
  name: codec.name,
  seeds: [value, null, [], 'text', 1.5, -0, 7n, [{ a: 1 }, { a: 2 }, { a: 3 }], Buffer.from('b')].map((one) =>
    codec.encode(one),
  ),
  run(input) {
    const decoded = mayRefuse(
      () => ({ value: codec.decode(input) }),
      (error) => error.constructor === Error,
    )
    if (decoded === undefined) return
    const again = mayRefuse(
      () => codec.encode(decoded.value),
      // More shapes, or deeper, than is written.
      (error) => (error as Error & { code?: string }).code === 'UNENCODABLE',
    )
    if (again && !Buffer.from(codec.encode(codec.decode(again))).equals(again))
      throw new Error('not the same')
  },
}))

const compressed = compress({ threshold: 1 })
const compressionTargets = compressed.map((reader): Target => {
  const [writer] = compress({ threshold: 1, algorithm: reader.name as 'zstd' })
  const text = Buffer.from('some text, some text, some text, some text and some more text'.repeat(4))
  return {
    name: reader.name,
    seeds: [
      writer?.apply(text, new Uint8Array()) ?? text,
      writer?.apply(Buffer.alloc(100_000), text) ?? text,
      // Grows past the limit.
      writer?.apply(Buffer.alloc(limit + 1), text) ?? text,
    ],
    run(input) {
      const grown = mayRefuse(
        () => reader.undo(input, new Uint8Array(), limit),
        (error) => error.constructor === Error,
      )
      if (grown && grown.length > limit) throw new Error(`grew to ${grown.length} bytes`)
    },
  }
})

export const frameTargets: readonly Target[] = [
  frame,
  head,
  payload,
  sealedBytes,
  ...codecTargets,
  ...compressionTargets,
]
