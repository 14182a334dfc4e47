interface Closer {
  readonly what: string
  readonly close: () => Promise<unknown>
}

/** What has to be closed, in the order in which it was opened. */
export class Closing {
  #closers: Closer[] = []

  add(what: string, close: () => Promise<unknown>): void {
    this.#closers.push({ what, close })
  }

  /** Closes everything, last opened first. One that fails is told to `failed` and doesn't keep the rest from closing. */
  async close(failed: (what: string, error: unknown) => void): Promise<void> {
    const closers = this.#closers.toReversed()
    this.#closers = []
    for (const { what, close } of closers) {
      try {
        await close()
      } catch (error) {
        failed(what, error)
      }
    }
  }
}
