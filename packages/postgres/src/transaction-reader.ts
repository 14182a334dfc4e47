import { changesAbove } from './changes-above.ts'
import type { Below } from './changes-above.ts'
import type { Change, ChangeBatch, RowText } from './change-source.ts'
import type { Lsn } from './lsn.ts'
import { decodePgoutput } from './pgoutput.ts'
import type { PgoutputMessage, Relation, Tuple } from './pgoutput.ts'
import { tableName } from './tags.ts'

/** A part of one transaction's changes. */
export interface Part {
  readonly xid: number
  readonly batch: ChangeBatch
  /** Set on the last part: where the log goes on after the transaction. */
  readonly end: Lsn | undefined
}

/** Changes in one part: a large transaction is handed over in several, so that memory stays bounded. */
const most = 1_000

/** Columns of the primary key by table name. */
export type Keys = ReadonlyMap<string, readonly string[]>

/**
 * Puts messages together to transactions. Kept over reconnects of a process, so that a table which came back with
 * another structure is noticed.
 */
export class TransactionReader {
  readonly #relations = new Map<number, Relation>()
  readonly #ids = new Map<string, number>()
  readonly #emit: (part: Part) => void
  readonly #unknown: (table: string) => void
  keys: Keys = new Map()
  /** Tables that inherit, by name. */
  below: ReadonlyMap<string, Below> = new Map()
  #xid: number | undefined
  #changes: Change[] = []
  #wholeTables: { schema: string; table: string }[] = []

  /** `unknown` is told of tables whose primary key isn't known (any more). */
  constructor(emit: (part: Part) => void, unknown: (table: string) => void) {
    this.#emit = emit
    this.#unknown = unknown
  }

  /** Is a transaction half read? */
  get open(): boolean {
    return this.#xid !== undefined
  }

  /** The stream was cut: what is half read comes again. */
  reset(): void {
    this.#xid = undefined
    this.#changes = []
    this.#wholeTables = []
  }

  read(bytes: Buffer, at: number): void {
    const message = decodePgoutput(bytes, at)
    switch (message.kind) {
      case 'begin':
        this.reset()
        this.#xid = message.xid
        break
      case 'commit':
        this.#flush(message.end)
        this.#xid = undefined
        break
      case 'relation':
        this.#learn(message.relation)
        break
      case 'truncate':
        for (const id of message.relations) this.#whole(this.#relations.get(id))
        break
      case 'insert':
      case 'update':
      case 'delete':
        this.#row(message)
        break
      case 'other':
    }
    if (this.#changes.length >= most) this.#flush(undefined)
  }

  #flush(end: Lsn | undefined): void {
    const batch = { changes: this.#changes, wholeTables: this.#wholeTables }
    this.#changes = []
    this.#wholeTables = []
    this.#emit({ xid: this.#xid ?? 0, batch, end })
  }

  #learn(relation: Relation): void {
    const known = this.#relations.get(relation.id)
    this.#relations.set(relation.id, relation)
    const name = tableName(relation.schema, relation.table)
    const other = this.#ids.get(name)
    this.#ids.set(name, relation.id)
    // What is cached of it has the structure of before, or is of a table that had the name before.
    if ((known && !sameStructure(known, relation)) || (other !== undefined && other !== relation.id)) {
      this.#whole(relation)
      this.#unknown(name)
    }
  }

  #whole(relation: Relation | undefined): void {
    if (relation === undefined) return
    const { schema, table } = relation
    const above = this.below.get(tableName(schema, table))?.above ?? []
    this.#wholeTables.push(
      { schema, table },
      ...above.map((one) => ({ schema: one.schema, table: one.table })),
    )
  }

  #row(message: Extract<PgoutputMessage, { kind: 'insert' | 'update' | 'delete' }>): void {
    const relation = this.#relations.get(message.relation)
    if (relation === undefined) throw new Error(`pgoutput sent a row of an unknown table ${message.relation}`)
    const { schema, table } = relation
    const row = message.kind === 'delete' ? undefined : rowOf(relation, message.row)
    const earlier = message.kind === 'insert' ? undefined : (message.old ?? message.key)
    const before = earlier && rowOf(relation, earlier)
    const now = this.#key(relation, row ?? before)
    const then = row && before && this.#key(relation, before)
    const formerKey = then && now && then.some((part, i) => part !== now[i]) ? then : undefined
    const change: Change = { op: message.kind, schema, table, key: now, formerKey, row, before }
    this.#changes.push(change)
    const below = this.below.get(tableName(schema, table))
    if (below) {
      const { changes, wholeTables } = changesAbove(change, below)
      this.#changes.push(...changes)
      this.#wholeTables.push(...wholeTables)
    }
    // Without its key a change concerns nobody knows which rows.
    if (now === undefined) this.#whole(relation)
  }

  #key(relation: Relation, row: RowText | undefined): readonly string[] | undefined {
    const name = tableName(relation.schema, relation.table)
    const columns = this.keys.get(name)
    const parts = columns?.map((column) => row?.[column])
    if (parts === undefined || !parts.every((part) => typeof part === 'string')) {
      this.#unknown(name)
      return undefined
    }
    return parts
  }
}

function rowOf(relation: Relation, tuple: Tuple): RowText {
  return Object.fromEntries(relation.columns.map(({ name }, i) => [name, tuple[i]]))
}

function sameStructure(one: Relation, other: Relation): boolean {
  const text = ({ schema, table, identity, columns }: Relation) =>
    JSON.stringify([schema, table, identity, columns])
  return text(one) === text(other)
}
