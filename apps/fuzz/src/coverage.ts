import { Session } from 'node:inspector/promises'

/**
 * What of the sources has run, by block, as V8 counts it (precise coverage through node:inspector). Asking costs
 * milliseconds, so it is asked for a batch of inputs, and for single ones only when the batch brought something new.
 */
export class Coverage {
  readonly #session = new Session()
  readonly #known = new Set<string>()
  readonly #concerns: (url: string) => boolean

  constructor(concerns: (url: string) => boolean) {
    this.#concerns = concerns
    this.#session.connect()
  }

  async start(): Promise<void> {
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  get size(): number {
    return this.#known.size
  }

  /** How many blocks ran for the first time since the last call; they are remembered unless `peek`. */
  async news(peek = false): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    let fresh = 0
    for (const script of result) {
      if (!this.#concerns(script.url)) continue
      for (const { ranges } of script.functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue
          const block = `${script.scriptId}:${startOffset}-${endOffset}`
          if (this.#known.has(block)) continue
          fresh++
          if (!peek) this.#known.add(block)
        }
      }
    }
    return fresh
  }
}
