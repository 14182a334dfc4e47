import type { EmbeddedDatabase } from '@tierstack/cache-postgres'
import { Ledger } from './ledger.ts'
import type { Statement } from './statement.ts'

/** What a statement returned, and for how many ms the database worked on it; waiting in a queue isn't counted. */
export interface Answer {
  readonly rows: readonly unknown[]
  readonly ms: number
}

/** One step of a transaction. */
export interface Step {
  readonly text: string
  readonly values?: readonly unknown[]
}

/** Where a change feed reaches the same PostgreSQL. */
export type FeedAddress = { readonly connection: string } | { readonly database: EmbeddedDatabase }

/** A way to reach a PostgreSQL. Rejects with the driver's own errors. */
export interface Connection {
  /** For people: which PostgreSQL this is. */
  readonly title: string
  readonly feed: FeedAddress
  /** How many statements it runs at the same time. */
  readonly parallel: number
  run(text: string, values: readonly unknown[]): Promise<Answer>
  /** All steps or none. */
  transaction(steps: readonly Step[]): Promise<void>
  close(): Promise<void>
}

/** The database did not answer, or refused. `cause` is the driver's error. */
export class DatabaseError extends Error {
  constructor(statement: string, cause: unknown) {
    super(`The database could not run \`${statement}\`: ${reasonOf(cause)}`, { cause })
    this.name = 'DatabaseError'
  }
}

function reasonOf(cause: unknown): string {
  // A refused connection to a name with several addresses is an AggregateError without a message of its own.
  if (cause instanceof AggregateError && cause.message === '') return reasonOf(cause.errors[0])
  return cause instanceof Error ? cause.message : String(cause)
}

/** Runs statements on a connection and counts every one of them: the only way from the demo to PostgreSQL. */
export class Database {
  readonly ledger: Ledger = new Ledger()
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get title(): string {
    return this.#connection.title
  }

  get parallel(): number {
    return this.#connection.parallel
  }

  get feed(): FeedAddress {
    return this.#connection.feed
  }

  /** Rejects with a `DatabaseError`. The caller vouches for the shape of the rows. */
  async run<Row>(statement: Statement, values: readonly unknown[] = []): Promise<readonly Row[]> {
    this.ledger.begin(statement)
    try {
      const { rows, ms } = await this.#connection.run(statement.text, values)
      this.ledger.end(statement, ms)
      return rows as readonly Row[]
    } catch (error) {
      throw new DatabaseError(statement.name, error)
    }
  }

  /** All steps or none. Counted as one statement. Rejects with a `DatabaseError`. */
  async transaction(name: string, steps: readonly Step[]): Promise<void> {
    try {
      await this.#connection.transaction(steps)
    } catch (error) {
      throw new DatabaseError(name, error)
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
