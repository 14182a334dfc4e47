import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import type { Statement } from './statement.ts'

/** How many statements were sent, by purpose; and how long the database worked on each kind. */
export class Ledger {
  readonly #counts = { read: 0, write: 0, log: 0, setup: 0 }
  readonly #times = new Map<string, RecordableHistogram>()

  begin(statement: Statement): void {
    this.#counts[statement.purpose]++
  }

  end(statement: Statement, ms: number): void {
    let times = this.#times.get(statement.name)
    if (!times) {
      times = createHistogram()
      this.#times.set(statement.name, times)
    }
    times.record(Math.max(1, Math.round(ms * 1e6)))
  }

  /** Statements sent so far, failed ones included. */
  counts(): Readonly<Record<Statement['purpose'], number>> {
    return { ...this.#counts }
  }

  /** Median of the database's own time for a statement, ms; undefined when it never ran. */
  median(name: string): number | undefined {
    const times = this.#times.get(name)
    return times && times.percentile(50) / 1e6
  }
}
