/**
 * So many batches are looked up and loaded at a time, and as many more may still be on their way into the remote tiers:
 * the source goes on while those are written.
 */
export class Lanes {
  readonly #concurrency: number
  readonly #running = new Set<Promise<void>>()
  #loading = 0
  #freed = () => {}

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  /** Begins; resolves when another may begin. */
  async begin(work: (loaded: () => void) => Promise<void>): Promise<void> {
    this.#loading++
    let loading = true
    const loaded = () => {
      if (loading) this.#loading--
      loading = false
      this.#freed()
    }
    const running = work(loaded).finally(() => {
      this.#running.delete(running)
      loaded()
    })
    this.#running.add(running)
    while (this.#loading >= this.#concurrency || this.#running.size >= 2 * this.#concurrency) {
      await new Promise<void>((resolve) => {
        this.#freed = resolve
      })
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#running)
  }
}
