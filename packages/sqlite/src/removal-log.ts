import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Removal } from '@tierstack/cache-core'

/** What the log carries between processes: names only. */
export type Notice = Removal | { readonly kind: 'filled'; readonly keys: readonly string[] }

/** `seq` numbers all notices of the file without holes; a missing number was trimmed away unread. */
export interface Logged {
  readonly seq: number
  /** Undefined for notices that don't concern the reader: its own, and those of other namespaces. */
  readonly notice: Notice | undefined
}

/** How each kind of row reads. */
const shapes = new Map<unknown, (names: readonly string[]) => Notice>([
  ['keys', (keys) => ({ kind: 'keys', keys, soft: false })],
  ['keys-soft', (keys) => ({ kind: 'keys', keys, soft: true })],
  ['tags', (tags) => ({ kind: 'tags', tags, soft: false })],
  ['tags-soft', (tags) => ({ kind: 'tags', tags, soft: true })],
  ['filled', (keys) => ({ kind: 'filled', keys })],
])

const rowsKept = 2048
const mostBytesKept = 4 * 1024 * 1024
const rowOverhead = 100
const trimEvery = 64
const namesPerRow = 256

export interface LogOptions {
  readonly namespace: string
  /** Who appends: its own notices are not reported back to it. */
  readonly origin: string
  /** Bound of the whole file, of which the log takes an eighth at most. */
  readonly maxBytes: number
}

/** The channel between the processes: a table to which removals are appended in their own transaction. */
export class RemovalLog {
  readonly #namespace: string
  readonly #origin: string
  readonly #append: StatementSync
  readonly #trim: StatementSync
  readonly #since: StatementSync
  readonly #last: StatementSync

  constructor(database: DatabaseSync, { namespace, origin, maxBytes }: LogOptions) {
    const bytesKept = Math.min(mostBytesKept, Math.floor(maxBytes / 8))
    this.#namespace = namespace
    this.#origin = origin
    this.#append = database.prepare(
      'INSERT INTO removals (namespace, origin, kind, names) VALUES (?, ?, ?, ?)',
    )
    this.#trim = database.prepare(
      `DELETE FROM removals WHERE seq < ? AND (seq <= ? - ${rowsKept} OR seq <= (
         SELECT max(seq) FROM (SELECT seq, sum(length(names) + ${rowOverhead}) OVER (ORDER BY seq DESC) AS bytes FROM removals)
         WHERE bytes > ${bytesKept}))`,
    )
    this.#since = database.prepare(
      'SELECT seq, namespace, origin, kind, names FROM removals WHERE seq > ? ORDER BY seq',
    )
    this.#last = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'removals'")
  }

  append(notice: Notice, namespace: string = this.#namespace): void {
    const names = notice.kind === 'all' ? [] : notice.kind === 'tags' ? notice.tags : notice.keys
    if (notice.kind === 'all') this.#write(namespace, 'all', [])
    for (let from = 0; from < names.length; from += namesPerRow) {
      this.#write(namespace, kindOf(notice), names.slice(from, from + namesPerRow))
    }
  }

  /** Everything after `seq`, oldest first. */
  *since(seq: number): Iterable<Logged> {
    for (const row of this.#since.iterate(seq)) {
      const { namespace, origin, kind, names } = row as Record<string, unknown>
      const concerns = namespace === this.#namespace && origin !== this.#origin
      yield { seq: row['seq'] as number, notice: concerns ? read(kind, names) : undefined }
    }
  }

  /** Number of the last notice ever appended. */
  last(): number {
    return (this.#last.get()?.['seq'] as number | undefined) ?? 0
  }

  #write(namespace: string, kind: string, names: readonly string[]): void {
    const text = Buffer.from(JSON.stringify(names))
    const seq = Number(this.#append.run(namespace, this.#origin, kind, text).lastInsertRowid)
    if (seq % trimEvery === 0) this.#trim.run(seq, seq)
  }
}

function kindOf(notice: Notice): string {
  return 'soft' in notice && notice.soft ? `${notice.kind}-soft` : notice.kind
}

/** A notice that can't be read may have named anything: it counts as the removal of everything. */
function read(kind: unknown, blob: unknown): Notice {
  let names: unknown
  try {
    names = JSON.parse(Buffer.from(blob as Uint8Array).toString())
  } catch {
    return { kind: 'all' }
  }
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) return { kind: 'all' }
  return shapes.get(kind)?.(names) ?? { kind: 'all' }
}
