import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** The `write()`s under way, each with a token of its own: one writer's end must not free another's key. */
export class Intents {
  readonly #standing: StatementSync
  readonly #add: StatementSync
  readonly #remove: StatementSync
  readonly #touch: StatementSync
  readonly #untouched: StatementSync

  constructor(database: DatabaseSync) {
    this.#standing = database.prepare(
      'SELECT 1 FROM intents WHERE epoch = ? AND key = ? AND until > ? LIMIT 1',
    )
    this.#add = database.prepare('REPLACE INTO intents VALUES (?, ?, ?, ?)')
    this.#remove = database.prepare('DELETE FROM intents WHERE epoch = ? AND key = ? AND token = ?')
    this.#touch = database.prepare('UPDATE intents SET until = until | 1 WHERE epoch = ? AND key = ?')
    this.#untouched = database.prepare(
      'SELECT 1 FROM intents WHERE epoch = ? AND key = ? AND token = ? AND until > ? AND until % 2 = 0',
    )
  }

  block(epoch: number, key: string, now: number): boolean {
    return this.#standing.get(epoch, Buffer.from(key), now) !== undefined
  }

  /** An even instant: nothing else has happened to the key while the intent stood. */
  add(epoch: number, key: string, token: string, now: number, until: number): void {
    const even = Math.ceil(until / 2) * 2
    const alone = !this.block(epoch, key, now)
    if (!alone) this.touch(epoch, key)
    this.#add.run(epoch, Buffer.from(key), token, alone ? even : even + 1)
  }

  /** Something else happened to the key. */
  touch(epoch: number, key: string): void {
    this.#touch.run(epoch, Buffer.from(key))
  }

  /** Does the intent stand, and has nothing happened to the key since? */
  untouched(epoch: number, key: string, token: string, now: number): boolean {
    return this.#untouched.get(epoch, Buffer.from(key), token, now) !== undefined
  }

  remove(epoch: number, key: string, token: string): void {
    this.#remove.run(epoch, Buffer.from(key), token)
  }
}
