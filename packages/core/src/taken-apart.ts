import type { TagStamp } from './entry.ts'
import type { FrameHeader, OpenFrame } from './frame.ts'

/** Where the parts of a frame stand in its bytes. */
interface Plan {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly start: number
  readonly headEnd: number
  /** In the view. */
  readonly numbersAt: number
}

type Words = Omit<FrameHeader, 'createdAt' | 'freshFor' | 'staleFor' | 'errorFor' | 'loadMs'>

/** One object, which leaves its numbers where they are: a header beside it, and a box for each, would cost more than to read them. */
export class TakenApart implements OpenFrame, FrameHeader {
  readonly codec: number
  readonly transforms: readonly number[]
  readonly keyId: string
  readonly version: string
  readonly etag: string | undefined
  readonly trace: string | undefined
  readonly key: string
  readonly tags: readonly TagStamp[]
  readonly whole: Uint8Array
  readonly #view: DataView
  readonly #start: number
  readonly #headEnd: number
  readonly #numbersAt: number

  constructor(plan: Plan, words: Words) {
    this.codec = words.codec
    this.transforms = words.transforms
    this.keyId = words.keyId
    this.version = words.version
    this.etag = words.etag
    this.trace = words.trace
    this.key = words.key
    this.tags = words.tags
    this.whole = plan.bytes
    this.#view = plan.view
    this.#start = plan.start
    this.#headEnd = plan.headEnd
    this.#numbersAt = plan.numbersAt
  }

  get createdAt(): number {
    return this.#view.getFloat64(this.#numbersAt)
  }

  get freshFor(): number {
    return this.#view.getFloat64(this.#numbersAt + 8)
  }

  get staleFor(): number {
    return this.#view.getFloat64(this.#numbersAt + 16)
  }

  get errorFor(): number {
    return this.#view.getFloat64(this.#numbersAt + 24)
  }

  get loadMs(): number {
    return this.#view.getFloat64(this.#numbersAt + 32)
  }

  get header(): FrameHeader {
    return this
  }

  get head(): Uint8Array {
    return this.whole.subarray(this.#start, this.#headEnd)
  }

  get payload(): Uint8Array {
    return this.whole.subarray(this.payloadStart)
  }

  get payloadStart(): number {
    return this.#headEnd + 8
  }
}
