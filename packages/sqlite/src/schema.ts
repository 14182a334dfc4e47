import type { DatabaseSync } from 'node:sqlite'
import { CacheError } from '@tierstack/cache-core'

/** Written into the file's header, so that nobody else's database is touched: "TSTK". */
const applicationId = 0x5453544b
const format = 1

/*
 * Keys and tags are blobs, since text ends at a NUL for some of SQLite's functions. A row of `entries` is a frame
 * (`stamp`, `bytes`) or, without these, a lease; `holder` has the lease, or the claim of a stale frame.
 */
const tables = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE namespaces (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, tag_clock INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE retired (epoch INTEGER PRIMARY KEY);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  key BLOB NOT NULL,
  until INTEGER NOT NULL,
  stamp TEXT NOT NULL,
  soft INTEGER NOT NULL,
  holder TEXT NOT NULL,
  held_until INTEGER NOT NULL,
  waited INTEGER NOT NULL,
  bytes BLOB,
  UNIQUE (epoch, key)
);
CREATE INDEX entries_until ON entries (until);
CREATE TABLE intents (
  epoch INTEGER NOT NULL, key BLOB NOT NULL, token TEXT NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (epoch, key, token)
) WITHOUT ROWID;
CREATE TABLE tags (
  epoch INTEGER NOT NULL, tag BLOB NOT NULL, generation TEXT NOT NULL, softened TEXT NOT NULL,
  bumped INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (epoch, tag)
) WITHOUT ROWID;
CREATE INDEX tags_until ON tags (until);
CREATE TABLE removals (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  namespace TEXT NOT NULL, origin TEXT NOT NULL, kind TEXT NOT NULL, names BLOB NOT NULL
);
INSERT INTO meta VALUES ('epochs', 0);
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${format};
`

/** Creates the tables in an empty file; refuses a file that isn't ours or has another format. In a transaction. */
export function ensureSchema(database: DatabaseSync, path: string): void {
  const number = (pragma: string): unknown => database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]
  const found = { id: number('application_id'), format: number('user_version') }
  if (found.id === applicationId && found.format === format) return
  if (found.id === applicationId) {
    // Not side by side: a removal in the tables of one format would not reach those of the other.
    throw new CacheError(
      'TIER_UNAVAILABLE',
      `Expected \`${path}\` to have format ${format}, got ${String(found.format)}: give each version a file of its own`,
    )
  }
  const inUse = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
  if (found.id !== 0 || found.format !== 0 || inUse !== 0) {
    throw new CacheError(
      'TIER_UNAVAILABLE',
      `Expected \`${path}\` to be a cache file or none, got another program's database: choose another path`,
    )
  }
  database.exec(tables)
}
