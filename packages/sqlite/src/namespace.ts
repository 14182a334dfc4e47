import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** The current epoch of a namespace and its count of tag invalidations. Every row of an older epoch is unreachable. */
export interface NamespaceState {
  readonly epoch: number
  readonly tagClock: number
}

/** One namespace in the file. Each verb reads its state anew: another process may have cleared it. */
export class Namespace {
  readonly name: string
  readonly #state: StatementSync
  readonly #nextEpoch: StatementSync
  readonly #enter: StatementSync
  readonly #retire: StatementSync
  readonly #tick: StatementSync

  constructor(database: DatabaseSync, name: string) {
    this.name = name
    this.#state = database.prepare('SELECT epoch, tag_clock AS tagClock FROM namespaces WHERE name = ?')
    this.#nextEpoch = database.prepare(
      "UPDATE meta SET value = value + 1 WHERE name = 'epochs' RETURNING value AS epoch",
    )
    this.#enter = database.prepare(
      `INSERT INTO namespaces VALUES (?, ?, 0)
       ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, tag_clock = tag_clock + 1`,
    )
    this.#retire = database.prepare('INSERT INTO retired SELECT epoch FROM namespaces WHERE name = ?')
    this.#tick = database.prepare(
      'UPDATE namespaces SET tag_clock = tag_clock + 1 WHERE name = ? RETURNING epoch, tag_clock AS tagClock',
    )
  }

  state(): NamespaceState {
    return this.#state.get(this.name) as unknown as NamespaceState
  }

  /** Adds the namespace to the file when it is new there. */
  ensure(): void {
    if (this.#state.get(this.name) === undefined) this.#enter.run(this.name, this.#newEpoch())
  }

  /** Makes everything unreachable at once; the sweep frees the space later. */
  retire(): void {
    this.#retire.run(this.name)
    this.#enter.run(this.name, this.#newEpoch())
  }

  /** Counts one invalidation of tags. */
  tick(): NamespaceState {
    return this.#tick.get(this.name) as unknown as NamespaceState
  }

  #newEpoch(): number {
    return (this.#nextEpoch.get() as unknown as { epoch: number }).epoch
  }
}
