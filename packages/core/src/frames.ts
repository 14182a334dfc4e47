import type { Codec, Transform } from './codec.ts'
import { CacheError } from './errors.ts'
import { associatedBytes, BadFrame, decodeFrame, encodeFrame } from './frame.ts'
import type { FrameHeader } from './frame.ts'

/** A value as bytes, before a header is put around it. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly codec: number
  readonly transforms: readonly number[]
}

/** Codec and transforms of one cache: values ⇄ payloads, payloads ⇄ frames. */
export class Frames {
  readonly #namespace: string
  readonly #codec: Codec
  readonly #codecs = new Map<number, Codec>()
  readonly #transforms: readonly Transform[]
  readonly #maxBytes: number

  constructor(o: {
    namespace: string
    codec: Codec
    readable: readonly Codec[]
    transforms: readonly Transform[]
    maxBytes: number
  }) {
    this.#namespace = o.namespace
    this.#codec = o.codec
    for (const codec of [...o.readable, o.codec]) this.#codecs.set(codec.id, codec)
    this.#transforms = o.transforms
    this.#maxBytes = o.maxBytes
  }

  /** Throws what the codec throws: `UNENCODABLE` for a value that would not come back the same. */
  encode(value: unknown, key: string, version: string, codec: Codec = this.#codec): Payload {
    let bytes = codec.encode(value)
    const transforms: number[] = []
    if (this.#transforms.length > 0) {
      const associated = associatedBytes(this.#namespace, key, version)
      for (const transform of this.#transforms) {
        const next = transform.apply(bytes, associated)
        if (next === undefined) continue
        bytes = next
        transforms.push(transform.id)
      }
    }
    return { bytes, codec: codec.id, transforms }
  }

  frame(payload: Payload, header: Omit<FrameHeader, 'codec' | 'transforms' | 'keyId'>): Uint8Array {
    return encodeFrame(
      { ...header, codec: payload.codec, transforms: payload.transforms, keyId: '' },
      payload.bytes,
    )
  }

  /** The header alone, checked. Throws `BadFrame`. */
  open(bytes: Uint8Array, key: string): { header: FrameHeader; payload: Uint8Array } {
    return decodeFrame(bytes, key)
  }

  /** The value of an opened frame. Throws when codec or transforms are unknown or refuse the bytes. */
  decode(header: FrameHeader, payload: Uint8Array, own: Codec | undefined): unknown {
    let bytes = payload
    if (header.transforms.length > 0) {
      const associated = associatedBytes(this.#namespace, header.key, header.version)
      for (const id of header.transforms.toReversed()) {
        const transform = this.#transforms.find((t) => t.id === id)
        if (transform === undefined)
          throw new BadFrame(`frame needs transform ${id}, which this cache doesn't have`)
        bytes = transform.undo(bytes, associated, this.#maxBytes)
      }
    }
    const codec = own?.id === header.codec ? own : this.#codecs.get(header.codec)
    if (codec === undefined)
      throw new BadFrame(`frame needs codec ${header.codec}, which this cache doesn't have`)
    return codec.decode(bytes)
  }
}

/** Two codecs or transforms under one id would read each other's bytes. */
export function checkIds(
  what: string,
  parts: readonly { readonly id: number; readonly name: string }[],
): void {
  const seen = new Map<number, string>()
  for (const { id, name } of parts) {
    const other = seen.get(id)
    if (other !== undefined && other !== name) {
      throw new CacheError(
        'INVALID_OPTION',
        `Expected each of \`${what}\` to have an id of its own, got ${id} for \`${other}\` and \`${name}\``,
      )
    }
    seen.set(id, name)
  }
}
