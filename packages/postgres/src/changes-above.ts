import type { Change, ChangeBatch, RowText } from './change-source.ts'
import type { TableName } from './identifiers.ts'
import type { FollowedTable, KeyedTable } from './tables.ts'

/** Of a table that inherits: where its key comes from, and the tables above it. */
export type Below = Pick<FollowedTable, 'key' | 'above'>

/** The change of a row as that of a row of the tables above; where its key in one isn't known, all of that table. */
export function changesAbove(change: Change, { key, above }: Below): ChangeBatch {
  const changes: Change[] = []
  const wholeTables: TableName[] = []
  for (const parent of above) {
    const { schema, table } = parent
    const now = keyIn(parent, change.row ?? change.before)
    const then = change.row && keyIn(parent, change.before)
    const formerKey = then && now && then.some((part, i) => part !== now[i]) ? then : undefined
    changes.push({ ...change, schema, table, key: now, formerKey })
    // An update that doesn't say what the row was may have moved it, unless by the key of its own.
    const silent =
      change.op === 'update' && !change.before && !parent.key.every((column) => key.includes(column))
    if (parent.key.length > 0 && (now === undefined || silent)) wholeTables.push({ schema, table })
  }
  return { changes, wholeTables }
}

function keyIn({ key }: KeyedTable, row: RowText | undefined): readonly string[] | undefined {
  const parts = key.map((column) => row?.[column])
  return parts.length > 0 && parts.every((part) => typeof part === 'string') ? parts : undefined
}
