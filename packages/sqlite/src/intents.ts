import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** The `write()`s under way, each with a token of its own: one writer's end must not free another's key. */
export class Intents {
  readonly #standing: StatementSync
  readonly #add: StatementSync
  readonly #remove: StatementSync

  constructor(database: DatabaseSync) {
    this.#standing = database.prepare(
      'SELECT 1 FROM intents WHERE epoch = ? AND key = ? AND until > ? LIMIT 1',
    )
    this.#add = database.prepare('REPLACE INTO intents VALUES (?, ?, ?, ?)')
    this.#remove = database.prepare('DELETE FROM intents WHERE epoch = ? AND key = ? AND token = ?')
  }

  block(epoch: number, key: string, now: number): boolean {
    return this.#standing.get(epoch, Buffer.from(key), now) !== undefined
  }

  add(epoch: number, key: string, token: string, until: number): void {
    this.#add.run(epoch, Buffer.from(key), token, until)
  }

  remove(epoch: number, key: string, token: string): void {
    this.#remove.run(epoch, Buffer.from(key), token)
  }
}
