import type { Buffer } from 'node:buffer'

const most = 4
const largest = 512 * 1_024

/** Room for what is on its way, to be used again: to take new memory each time costs as much as to write into it. */
export class SpareBuffers {
  readonly #buffers: Buffer[] = []

  take(): Buffer | undefined {
    return this.#buffers.pop()
  }

  /** To be called once they were sent, as an answer proves. */
  giveBack(sent: readonly Buffer[]): void {
    for (const bytes of sent)
      if (this.#buffers.length < most && bytes.buffer.byteLength <= largest) this.#buffers.push(bytes)
  }
}
