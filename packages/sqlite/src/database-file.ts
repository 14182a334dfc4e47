import { CacheError } from '@tierstack/cache-core'
import type { RemoteHost } from '@tierstack/cache-core'
import { failureOf, unavailable } from './failure.ts'
import { identityOf, moveAside } from './file-identity.ts'
import { memoryPath } from './options.ts'
import { Opened } from './opened.ts'
import type { OpenOptions } from './opened.ts'

/** Waits between attempts while another process is writing, ms. Together they stay below the chain's deadlines. */
const backoff = [1, 2, 4, 8, 16, 32, 64, 64]

/** The file across its openings: opens it, notices when it can't be relied on any more, and says so once. */
export class DatabaseFile {
  readonly #options: OpenOptions
  readonly #host: RemoteHost
  #opened: Opened | undefined
  /** Identity of a file that was found damaged while it was open. */
  #damaged: string | undefined
  #unwritable = false
  #closed = false

  constructor(options: OpenOptions, host: RemoteHost) {
    this.#options = options
    this.#host = host
  }

  /** Undefined before the first `open`, and between a loss and the next `open`. */
  get opened(): Opened | undefined {
    return this.#opened
  }

  /** Opens the file unless it is open and sound. */
  async open(): Promise<Opened> {
    try {
      return await this.#patiently(() => this.#open())
    } catch (error) {
      if (this.#closed || error instanceof CacheError) throw error
      const kind = failureOf(error) ?? 'lost'
      if (this.#opened !== undefined) throw this.failed(this.#opened, error)
      throw unavailable(this.#options.path, kind, error)
    }
  }

  /** Runs a verb, again and again for a while when another process is writing. */
  async ask<T>(verb: (opened: Opened) => T): Promise<T> {
    const opened = this.#opened
    try {
      return await this.#patiently(() => {
        if (opened === undefined || this.#opened !== opened) throw this.#notOpen()
        const answer = verb(opened)
        // Afterwards: what was written to a file that nobody else will open must not be acknowledged.
        opened.verify()
        return answer
      })
    } catch (error) {
      throw opened === undefined ? error : this.failed(opened, error)
    }
  }

  /** Draws the consequences of an error, and returns the one to be thrown. */
  failed(opened: Opened, error: unknown): unknown {
    const kind = failureOf(error)
    if (kind === undefined) return error
    const reported = unavailable(this.#options.path, kind, error)
    if (opened === this.#opened && (kind === 'corrupt' || kind === 'lost')) {
      if (kind === 'corrupt') this.#damaged = opened.identity
      this.#drop()
      this.#host.lost(reported)
    }
    return reported
  }

  /** Whether an error means that nothing can be written, while reads still work. The first one is a finding. */
  unwritable(error: unknown): boolean {
    if (failureOf(error) !== 'unwritable') return false
    if (this.#unwritable) return true
    this.#unwritable = true
    this.#host.warn({
      check: 'sqlite-unwritable',
      found: `\`${this.#options.path}\` can not be written: ${(error as Error).message}.`,
      fix: 'Free some space on its disk, or correct its permissions; entries are only read until then.',
    })
    return true
  }

  close(): void {
    this.#closed = true
    this.#drop()
  }

  #drop(): void {
    this.#opened?.close()
    this.#opened = undefined
  }

  #open(): Opened {
    if (this.#closed) throw this.#notOpen()
    if (this.#opened !== undefined) {
      // Looks for another writer too: a file that stays locked isn't usable.
      this.#opened.transaction(() => undefined)
      return this.#opened
    }
    if (this.#damaged !== undefined) this.#moveAside(this.#damaged)
    try {
      this.#opened = new Opened(this.#options)
    } catch (error) {
      if (failureOf(error) !== 'corrupt') throw error
      const found = identityOf(this.#options.path)
      if (found !== undefined) this.#moveAside(found)
      this.#opened = new Opened(this.#options)
    }
    return this.#opened
  }

  #moveAside(identity: string): void {
    const { path } = this.#options
    this.#damaged = undefined
    if (path === memoryPath) return
    const aside = moveAside(path, identity, this.#host.clock.wall())
    if (aside === undefined) return
    this.#host.warn({
      check: 'sqlite-corrupt',
      found: `\`${path}\` was damaged; it was moved to \`${aside}\` and a new file begun.`,
      fix: 'Delete the moved file after a look at the disk, and keep other programs from writing to the path.',
    })
  }

  async #patiently<T>(attempt: () => T): Promise<T> {
    for (const wait of backoff) {
      try {
        return attempt()
      } catch (error) {
        if (failureOf(error) !== 'busy') throw error
      }
      await new Promise<void>((resolve) => {
        this.#host.clock.after(wait, resolve)
      })
    }
    return attempt()
  }

  #notOpen(): CacheError {
    const what = this.#closed ? 'it was closed' : 'it is not open'
    return new CacheError(
      this.#closed ? 'CLOSED' : 'TIER_UNAVAILABLE',
      `Expected \`${this.#options.path}\` to be usable, but ${what}`,
    )
  }
}
