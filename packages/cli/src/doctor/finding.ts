/** `error`: the cache, or what is in it, isn't safe or doesn't work. `warning`: it will be slow or surprising. `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note'

/** One thing that is worth an operator's attention. */
export interface Finding {
  /** Stable name, such as `redis/maxmemory-policy`. */
  readonly check: string
  readonly severity: Severity
  /** What was found, in one sentence. */
  readonly found: string
  /** What to change, in one sentence. */
  readonly fix: string
}

/** Collects findings of one part, whose name every check begins with. */
export class Findings {
  readonly all: Finding[] = []
  readonly #part: string

  constructor(part: string) {
    this.#part = part
  }

  error(check: string, found: string, fix: string): void {
    this.all.push({ check: `${this.#part}/${check}`, severity: 'error', found, fix })
  }

  warning(check: string, found: string, fix: string): void {
    this.all.push({ check: `${this.#part}/${check}`, severity: 'warning', found, fix })
  }

  note(check: string, found: string, fix: string): void {
    this.all.push({ check: `${this.#part}/${check}`, severity: 'note', found, fix })
  }
}
