import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { CacheError } from '@tierstack/cache-core'
import type { DeadWrite, PendingWrite, QueuedWrite } from '@tierstack/cache-core'
import { Replaced } from './failure.ts'
import { ensureFile, identityOf } from './file-identity.ts'

/** Written into the file's header: "TSTQ". */
const applicationId = 0x54535451
const format = 1
/** SQLite waits this long for another writer, and the event loop with it; longer waits are asynchronous. */
const busyTimeout = 5

/*
 * A row of `pending` is the latest write of a key: `token` is its number, `place` the number of the write that first made
 * the key wait, which is its place in the order of the topic. Keys are blobs, since text ends at a NUL for some of
 * SQLite's functions.
 */
const tables = `
CREATE TABLE numbers (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL);
INSERT INTO numbers VALUES (1, 0);
CREATE TABLE pending (
  topic TEXT NOT NULL, key BLOB NOT NULL, token INTEGER NOT NULL, place INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (topic, key)
);
CREATE INDEX pending_place ON pending (topic, place);
CREATE TABLE dead (
  topic TEXT NOT NULL, token INTEGER NOT NULL, key BLOB NOT NULL, bytes BLOB NOT NULL,
  reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (topic, token)
) WITHOUT ROWID;
CREATE TABLE workers (topic TEXT PRIMARY KEY, worker TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${format};
`

type Row = Readonly<Record<string, unknown>>

/** The right to apply a topic's writes, as its worker took or renewed it last. */
export interface Right {
  readonly worker: string
  /** On the wall clock. */
  readonly until: number
}

/** One opening of a queue's file. Everything here is to be called within `transaction`. */
export class QueueFile {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #identity: string | undefined
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.#path = path
    ensureFile(path)
    this.#identity = identityOf(path)
    this.#database = new DatabaseSync(path, { timeout: busyTimeout })
    try {
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      this.transaction(() => this.#ensureTables())
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Runs all or nothing of `work`, with no other writer between. What it resolves for is on the disk. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      // A file that nobody else will open keeps nothing.
      if (identityOf(this.#path) !== this.#identity)
        throw new Replaced('The file at the path is not the one that was opened')
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  append(topic: string, writes: readonly QueuedWrite[]): void {
    for (const { key, bytes } of writes) {
      const number = this.#next()
      this.#run(
        `INSERT INTO pending VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET token = excluded.token, bytes = excluded.bytes`,
        topic,
        blob(key),
        number,
        number,
        bytes,
      )
    }
  }

  pending(topic: string, keys: readonly string[]): (Uint8Array | undefined)[] {
    const statement = this.#prepare('SELECT bytes FROM pending WHERE topic = ? AND key = ?')
    return keys.map((key) => statement.get(topic, blob(key))?.['bytes'] as Uint8Array | undefined)
  }

  take(
    topic: string,
    o: {
      readonly worker: string
      readonly holdMs: number
      readonly after: string
      readonly limit: number
      readonly now: number
      /** Whether another worker's right still stands. */
      readonly stands: (right: Right) => boolean
    },
  ): { writes: PendingWrite[]; next: string | undefined } | undefined {
    const { worker, now, limit } = o
    const held = this.#prepare('SELECT worker, until FROM workers WHERE topic = ?').get(topic) as
      | Right
      | undefined
    if (held && held.worker !== worker && o.stands(held)) return undefined
    this.#run('REPLACE INTO workers VALUES (?, ?, ?)', topic, worker, Math.ceil(now + o.holdMs))
    const rows = this.#prepare(
      'SELECT key, token, place, bytes FROM pending WHERE topic = ? AND place > ? ORDER BY place LIMIT ?',
    ).all(topic, Number(o.after), limit) as Row[]
    const writes = rows.map((row) => ({
      key: textOf(row['key']),
      token: shown(row['token']),
      bytes: row['bytes'] as Uint8Array,
      receipt: shown(row['place']),
    }))
    return { writes, next: writes.length === limit ? writes.at(-1)?.receipt : undefined }
  }

  renew(topic: string, worker: string, until: number): boolean {
    const sql = 'UPDATE workers SET until = ? WHERE topic = ? AND worker = ?'
    return this.#run(sql, Math.ceil(until), topic, worker) === 1
  }

  confirm(topic: string, writes: readonly PendingWrite[]): void {
    for (const { key, token } of writes) {
      const [name, number] = [blob(key), Number(token)]
      const gone = this.#run(
        'DELETE FROM pending WHERE topic = ? AND key = ? AND token = ?',
        topic,
        name,
        number,
      )
      // Overtaken: it goes on as if it had come by itself.
      if (gone === 0)
        this.#run(
          'UPDATE pending SET place = token WHERE topic = ? AND key = ? AND place < token',
          topic,
          name,
        )
    }
  }

  bury(topic: string, writes: readonly (PendingWrite & { readonly reason: string })[], at: number): void {
    for (const { key, token, reason } of writes) {
      this.#run(
        `INSERT OR IGNORE INTO dead SELECT topic, token, key, bytes, ?, ? FROM pending
         WHERE topic = ? AND key = ? AND token = ?`,
        reason,
        Math.round(at),
        topic,
        blob(key),
        Number(token),
      )
    }
    this.confirm(topic, writes)
  }

  dead(topic: string, limit: number): DeadWrite[] {
    const rows = this.#prepare(
      'SELECT token, key, bytes, reason, at FROM dead WHERE topic = ? ORDER BY token LIMIT ?',
    ).all(topic, limit) as Row[]
    return rows.map((row) => ({
      token: shown(row['token']),
      key: textOf(row['key']),
      bytes: row['bytes'] as Uint8Array,
      reason: String(row['reason']),
      at: Number(row['at']),
    }))
  }

  discard(topic: string, tokens: readonly string[]): void {
    for (const token of tokens)
      this.#run('DELETE FROM dead WHERE topic = ? AND token = ?', topic, Number(token))
  }

  retry(topic: string, tokens: readonly string[]): void {
    // The latest first: of one key it is the one that counts.
    for (const token of tokens.toSorted().toReversed()) {
      this.#run(
        `INSERT OR IGNORE INTO pending SELECT topic, key, token, ?, bytes FROM dead WHERE topic = ? AND token = ?`,
        this.#next(),
        topic,
        Number(token),
      )
    }
    this.discard(topic, tokens)
  }

  state(topic: string): { size: number; first: string | undefined; last: string | undefined } {
    const row = this.#prepare(
      `SELECT count(*) AS size, min(place) AS first, max(max(place), max(token)) AS last FROM pending WHERE topic = ?`,
    ).get(topic) as Row
    const number = (value: unknown) => (value === null ? undefined : shown(value))
    return { size: Number(row['size']), first: number(row['first']), last: number(row['last']) }
  }

  /** Never throws: what was committed is in the file. */
  close(): void {
    try {
      this.#database.close()
    } catch {
      // It is closed, or damaged.
    }
  }

  /** Never given twice, as it is kept apart from the rows. */
  #next(): number {
    return this.#prepare('UPDATE numbers SET last = last + 1 RETURNING last').get()?.['last'] as number
  }

  #run(sql: string, ...values: (string | number | Uint8Array)[]): number {
    return Number(this.#prepare(sql).run(...values).changes)
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql)
    this.#statements.set(sql, known)
    return known
  }

  #ensureTables(): void {
    const number = (pragma: string): unknown => this.#database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]
    if (number('application_id') === applicationId && number('user_version') === format) return
    const inUse = this.#database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
    if (inUse !== 0) {
      throw new CacheError(
        'TIER_UNAVAILABLE',
        `Expected \`${this.#path}\` to be the file of a write queue (format ${format}) or none, got another database: choose another path`,
      )
    }
    this.#database.exec(tables)
  }
}

/** Padded: the order of the texts is that of the numbers. */
function shown(number: unknown): string {
  return String(number).padStart(16, '0')
}

function blob(text: string): Uint8Array {
  return Buffer.from(text)
}

function textOf(value: unknown): string {
  return Buffer.from(value as Uint8Array).toString()
}
