import type { BehindParts, Saved } from './behind-parts.ts'
import type { Payload } from './frames.ts'

/** What is queued of a write: its input and value in a frame, sealed where the definition is, with no life of its own. */
export class QueuedWrites {
  readonly #parts: Pick<BehindParts, 'chain' | 'topic' | 'version' | 'sensitive'>

  constructor(parts: Pick<BehindParts, 'chain' | 'topic' | 'version' | 'sensitive'>) {
    this.#parts = parts
  }

  /** Throws for what can't be written in bytes. */
  payload(key: string, input: unknown, value: unknown): Payload {
    const { chain, version } = this.#parts
    return chain.frames.encode([input, value], this.#nameOf(key), version)
  }

  async frame(key: string, payload: Payload): Promise<Uint8Array> {
    const { chain, version, sensitive } = this.#parts
    const name = this.#nameOf(key)
    const header = {
      createdAt: chain.clock.wall(),
      freshFor: 0,
      staleFor: 0,
      errorFor: 0,
      loadMs: 0,
      version,
      etag: undefined,
      key: name,
      tags: [],
    }
    return chain.frames.frame(payload, header, await chain.frames.sealKey(name, sensitive))
  }

  async open(key: string, bytes: Uint8Array, token: string): Promise<Saved> {
    const { chain, sensitive } = this.#parts
    const taken = await chain.frames.unseal(chain.frames.open({ bytes }, this.#nameOf(key)), sensitive)
    const { header } = taken
    const [input, value] = chain.frames.decode(taken, undefined) as readonly [unknown, unknown]
    return { input, value, token, version: header.version }
  }

  #nameOf(key: string): string {
    return `${this.#parts.topic}:${key}`
  }
}
