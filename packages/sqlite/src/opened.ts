import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { CacheError } from '@tierstack/cache-core'
import { Entries } from './entries.ts'
import { Replaced } from './failure.ts'
import { bootId, ensureFile, identityOf, inodeOf } from './file-identity.ts'
import { Intents } from './intents.ts'
import { Namespace } from './namespace.ts'
import { memoryPath } from './options.ts'
import { randomToken } from './random-token.ts'
import { RemovalLog } from './removal-log.ts'
import type { LogOptions } from './removal-log.ts'
import { ensureSchema } from './schema.ts'
import { Space } from './space.ts'
import { Tags } from './tags.ts'

export interface OpenOptions extends LogOptions {
  readonly path: string
  readonly tagTtl: number
}

/** SQLite waits this long for another writer, and the event loop with it; longer waits are asynchronous. */
const busyTimeout = 5

/** Everything that lives as long as one opening of the file. */
export class Opened {
  /** The id of the file's history, as `hello` resolves to it. */
  readonly history: string
  /** Undefined when it is no file. */
  readonly identity: string | undefined
  /** Number of the last notice before the opening. */
  readonly firstSeq: number
  readonly namespace: Namespace
  readonly entries: Entries
  readonly intents: Intents
  readonly tags: Tags
  readonly removals: RemovalLog
  readonly space: Space
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #version: StatementSync

  constructor({ path, namespace, origin, maxBytes, tagTtl }: OpenOptions) {
    this.#path = path
    if (path !== memoryPath) ensureFile(path)
    this.identity = path === memoryPath ? undefined : identityOf(path)
    this.#database = new DatabaseSync(path, { timeout: busyTimeout })
    try {
      this.#begin = this.#database.prepare('BEGIN IMMEDIATE')
      this.#commit = this.#database.prepare('COMMIT')
      this.#version = this.#database.prepare('PRAGMA data_version')
      // Looked at on both sides of the opening: the file that is open is the one with this identity.
      this.verify()
      this.#configure()
      this.transaction(() => ensureSchema(this.#database, path))
      this.namespace = new Namespace(this.#database, namespace)
      this.entries = new Entries(this.#database)
      this.intents = new Intents(this.#database)
      this.tags = new Tags(this.#database, tagTtl)
      this.removals = new RemovalLog(this.#database, { namespace, origin, maxBytes })
      this.space = new Space(this.#database, maxBytes)
      this.history = this.transaction(() => this.#enter())
      this.firstSeq = this.removals.last()
      this.verify()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Runs all or nothing of `work`, with no other writer between. */
  transaction<T>(work: () => T): T {
    this.verify()
    this.#begin.run()
    try {
      const result = work()
      this.#commit.run()
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Throws `Replaced` when another file, or none, stands at the path. */
  verify(): void {
    if (this.identity !== undefined && identityOf(this.#path) !== this.identity) {
      throw new Replaced('The file at the path is not the one that was opened')
    }
  }

  /** Changes whenever another connection has committed something. */
  version(): number {
    return this.#version.get()?.['data_version'] as number
  }

  /** Never throws: a damaged file is left as it is. */
  close(): void {
    try {
      this.#database.close()
    } catch {
      // Nothing can be saved here, and what was committed is in the file.
    }
  }

  #configure(): void {
    const mode = this.#database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode']
    if (mode !== 'wal' && this.identity !== undefined) {
      throw new CacheError(
        'TIER_UNAVAILABLE',
        `Expected \`${this.#path}\` to take journal mode WAL, got ${String(mode)}: use a local disk`,
      )
    }
    this.#database.exec('PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216')
  }

  /**
   * The id of the file's history. A copy, a restored file, and a file from before the machine's last start may lack
   * removals that were acknowledged: these get a new history, in which nothing of the old one can be reached.
   */
  #enter(): string {
    this.namespace.ensure()
    if (this.identity === undefined) return randomToken()
    const origin = `${inodeOf(this.identity)} ${bootId()}`
    const meta = (name: string): unknown =>
      this.#database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value']
    const history = meta('history')
    if (meta('origin') === origin && typeof history === 'string') return history
    const next = randomToken()
    const put = this.#database.prepare('REPLACE INTO meta VALUES (?, ?)')
    put.run('history', next)
    put.run('origin', origin)
    for (const { name } of this.#database.prepare('SELECT name FROM namespaces').all()) {
      new Namespace(this.#database, name as string).retire()
      this.removals.append({ kind: 'all' }, name as string)
    }
    return next
  }
}
