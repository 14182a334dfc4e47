import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** The `write()`s under way, each with a token of its own: one writer's end must not free another's key. */
export class Intents {
  readonly #namespace: string
  readonly #standing: StatementSync
  readonly #add: StatementSync
  readonly #remove: StatementSync

  constructor(database: DatabaseSync, namespace: string) {
    this.#namespace = namespace
    this.#standing = database.prepare(
      'SELECT 1 FROM intents WHERE namespace = ? AND key = ? AND until > ? LIMIT 1',
    )
    this.#add = database.prepare('REPLACE INTO intents VALUES (?, ?, ?, ?)')
    this.#remove = database.prepare('DELETE FROM intents WHERE namespace = ? AND key = ? AND token = ?')
  }

  block(key: string, now: number): boolean {
    return this.#standing.get(this.#namespace, Buffer.from(key), now) !== undefined
  }

  add(key: string, token: string, until: number): void {
    this.#add.run(this.#namespace, Buffer.from(key), token, until)
  }

  remove(key: string, token: string): void {
    this.#remove.run(this.#namespace, Buffer.from(key), token)
  }
}
