import { setTimeout as sleep } from 'node:timers/promises'
import type { SqlRow } from './connection.ts'

/* Who is at work, as far as the role that asks may see it. */
const working = `select pid || ' ' || query_start::text as work from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'`

const shortestPause = 50
const longestPause = 2_000

/**
 * What a statement wrote whose answer was lost is removed at once; and, since the server may still be at it, once more
 * when everything that it was at by then is done. Until then a reader may store what was there before.
 */
export class Unsettled {
  readonly #ask: (text: string) => Promise<SqlRow[]>
  readonly #remove: (tags: ReadonlySet<string>) => Promise<void>
  #tags = new Set<string>()
  #waiting = false

  constructor(
    ask: (text: string) => Promise<SqlRow[]>,
    remove: (tags: ReadonlySet<string>) => Promise<void>,
  ) {
    this.#ask = ask
    this.#remove = remove
  }

  add(tags: ReadonlySet<string>): void {
    for (const tag of tags) this.#tags.add(tag)
    if (this.#waiting || this.#tags.size === 0) return
    this.#waiting = true
    void this.#settle()
  }

  async #settle(): Promise<void> {
    while (this.#tags.size > 0) {
      const tags = this.#tags
      this.#tags = new Set()
      let left: Set<string> | undefined
      for (let pause = shortestPause; left?.size !== 0; pause = Math.min(longestPause, pause * 2)) {
        await sleep(pause, undefined, { ref: false })
        const now = await this.#atWork()
        // A server that can't be asked may still be at it.
        if (now) left = left === undefined ? now : new Set([...left].filter((work) => now.has(work)))
      }
      await this.#remove(tags).catch(() => {})
    }
    this.#waiting = false
  }

  async #atWork(): Promise<Set<string> | undefined> {
    try {
      return new Set((await this.#ask(working)).map(({ work }) => String(work)))
    } catch {
      return undefined
    }
  }
}

/** Did the server say itself that a statement failed? Then it has changed nothing. */
export function isRefusal(error: unknown): boolean {
  for (let at = error; typeof at === 'object' && at !== null; at = (at as { cause?: unknown }).cause)
    for (const code of [(at as { code?: unknown }).code, (at as { originalCode?: unknown }).originalCode])
      if (typeof code === 'string' && sqlState.test(code)) return !lost.test(code)
  return false
}

/** Five letters and digits, of which one is a digit, other than in the system's EPIPE. */
const sqlState = /^(?=.*\d)[\dA-Z]{5}$/
/** The connection was lost, or ended by the server. */
const lost = /^(?:08|57P)/
