import type { Codec, Transform } from './codec.ts'
import type { Encryption, SealKey } from './encryption.ts'
import { CacheError } from './errors.ts'
import { expectation } from './expectation.ts'
import { associatedBytes, BadFrame, headInHand, joinFrame } from './frame.ts'
import type { FrameHeader, OpenFrame } from './frame.ts'
import { decodeFrame } from './read-frame.ts'
import { isPromise } from './maybe-promise.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { StoredFrame } from './stored-frame.ts'
import { tenantOf } from './tenant-name.ts'

/** A value as bytes, before a header is put around it. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly codec: number
  readonly transforms: readonly number[]
}

const noTransforms: readonly number[] = []

/** Codec, transforms and encryption of one cache: values ⇄ payloads, payloads ⇄ frames. */
export class Frames {
  /** Undefined when frames aren't sealed. */
  readonly encryption: Encryption | undefined
  readonly #namespace: string
  /** What every seal binds beside the header, which holds the key and the version. No namespace contains `\0`. */
  readonly #place: Uint8Array
  /** The place and the header in hand, side by side: whoever seals or opens is done with them when it returns. */
  #scratch = new Uint8Array(0)
  readonly #codec: Codec
  readonly #codecs = new Map<number, Codec>()
  readonly #transforms: readonly Transform[]
  readonly #maxBytes: number

  constructor(o: {
    namespace: string
    codec: Codec
    readable: readonly Codec[]
    transforms: readonly Transform[]
    encryption: Encryption | undefined
    maxBytes: number
  }) {
    this.#namespace = o.namespace
    this.#place = new TextEncoder().encode(`${o.namespace}\0`)
    this.#codec = o.codec
    for (const codec of [...o.readable, o.codec]) this.#codecs.set(codec.id, codec)
    this.#transforms = o.transforms
    this.encryption = o.encryption
    this.#maxBytes = o.maxBytes
  }

  /** The codec whose bytes are the payload as they are; undefined where they are transformed. */
  codecOf(own: Codec | undefined): Codec | undefined {
    return this.#transforms.length === 0 ? (own ?? this.#codec) : undefined
  }

  /** Throws what the codec throws: `UNENCODABLE` for a value that would not come back the same. */
  encode(value: unknown, key: string, version: string, codec: Codec = this.#codec): Payload {
    let bytes = codec.encode(value)
    if (this.#transforms.length === 0) return { bytes, codec: codec.id, transforms: noTransforms }
    const transforms: number[] = []
    const associated = associatedBytes(this.#namespace, key, version)
    for (const transform of this.#transforms) {
      const next = transform.apply(bytes, associated)
      if (next === undefined) continue
      bytes = next
      transforms.push(transform.id)
    }
    return { bytes, codec: codec.id, transforms }
  }

  /**
   * The key that seals what is written under `key` now; undefined when nothing is sealed. Throws or rejects when there is
   * none and must be one.
   */
  sealKey(key: string, sensitive: boolean): MaybePromise<SealKey | undefined> {
    if (this.encryption !== undefined) return this.encryption.current(tenantOf(key))
    if (!sensitive) return undefined
    throw expectation('encryption', 'given, as the definition is `sensitive`', undefined)
  }

  frame(
    payload: Payload,
    header: Omit<FrameHeader, 'codec' | 'transforms' | 'keyId'>,
    sealKey: SealKey | undefined,
  ): Uint8Array {
    const { codec, transforms, bytes } = payload
    const head = headInHand({ ...header, codec, transforms, keyId: sealKey?.id ?? '' })
    return joinFrame(head, sealKey === undefined ? bytes : sealKey.seal(bytes, this.#bound(head)))
  }

  /** The header alone, checked but for its seal. Throws `BadFrame`. */
  open(frame: Pick<StoredFrame, 'bytes' | 'whole' | 'start'>, key: string): OpenFrame {
    // Where there is a whole, to ask for the bytes would make a view of them.
    const { whole } = frame
    return whole === undefined ? decodeFrame(frame.bytes, key) : decodeFrame(whole, key, frame.start)
  }

  /**
   * The frame with its payload unsealed. Before anything else of its header is believed: until then whoever can write
   * into the tier may have made it up. Throws `BadFrame`, or rejects with one when the key has to be fetched.
   */
  unseal(frame: OpenFrame, sensitive: boolean): MaybePromise<OpenFrame> {
    const { header } = frame
    if (this.encryption === undefined) {
      if (sensitive)
        throw new BadFrame('frame of a sensitive definition, without encryption', { why: 'auth' })
      if (header.keyId !== '')
        throw new BadFrame('frame is sealed, and this cache has no keys', { why: 'key' })
      return frame
    }
    if (header.keyId === '') throw new BadFrame('frame is not sealed', { why: 'auth' })
    const sealKey = this.encryption.byId(header.keyId, tenantOf(header.key))
    if (!isPromise(sealKey)) return this.#unsealed(frame, sealKey)
    return sealKey.then((given) => this.#unsealed(frame, given), keyUnavailable)
  }

  /** The value of an unsealed frame. Throws when codec or transforms are unknown or refuse the bytes. */
  decode(frame: OpenFrame, own: Codec | undefined): unknown {
    const { header, whole, payloadStart } = frame
    const codec = own?.id === header.codec ? own : this.#codecs.get(header.codec)
    if (whole !== undefined && payloadStart !== undefined && header.transforms.length === 0) {
      const value = codec?.decodeFrom?.(whole, payloadStart)
      if (value !== undefined) return value
    }
    let bytes = frame.payload
    if (header.transforms.length > 0) {
      const associated = associatedBytes(this.#namespace, header.key, header.version)
      for (const id of header.transforms.toReversed()) {
        const transform = this.#transforms.find((t) => t.id === id)
        if (transform === undefined)
          throw new BadFrame(`frame needs transform ${id}, which this cache doesn't have`)
        bytes = transform.undo(bytes, associated, this.#maxBytes)
      }
    }
    if (codec === undefined)
      throw new BadFrame(`frame needs codec ${header.codec}, which this cache doesn't have`)
    return codec.decode(bytes)
  }

  #unsealed(frame: OpenFrame, sealKey: SealKey | undefined): OpenFrame {
    if (sealKey === undefined) throw new BadFrame('the key of the frame is gone', { why: 'key' })
    try {
      const { header, head, payload } = frame
      return { header, head, payload: sealKey.open(payload, this.#bound(head)) }
    } catch (cause) {
      throw new BadFrame('the seal of the frame is broken', { why: 'auth', cause })
    }
  }

  #bound(head: Uint8Array): Uint8Array {
    const { length } = this.#place
    const end = length + head.length
    if (this.#scratch.length < end) {
      this.#scratch = new Uint8Array(end * 2)
      this.#scratch.set(this.#place)
    }
    this.#scratch.set(head, length)
    return this.#scratch.subarray(0, end)
  }
}

function keyUnavailable(cause: unknown): never {
  throw new BadFrame('the key of the frame is not available', { why: 'key', cause })
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
