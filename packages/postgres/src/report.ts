import { changesAbove } from './changes-above.ts'
import type { Change, ChangeBatch } from './change-source.ts'
import type { TableName } from './identifiers.ts'
import type { FollowedTable } from './tables.ts'

const ops = { INSERT: 'insert', UPDATE: 'update', DELETE: 'delete' } as const

/**
 * What a trigger reported: `{ s, t, o, k }` with keys, `{ s, t, o, c, x }` with the values of some columns before and
 * after, or `{ s, t, all }`. Undefined for anything else.
 */
export function readReport(payload: string, tables: readonly FollowedTable[]): ChangeBatch | undefined {
  const batch = ownReport(payload, tables)
  if (batch === undefined || tables.every(({ above }) => above.length === 0)) return batch
  const find = ({ schema, table }: TableName) =>
    tables.find((one) => one.schema === schema && one.table === table)
  const more = batch.changes.map((change) => {
    const below = find(change)
    return below ? changesAbove(change, below) : { changes: [], wholeTables: [] }
  })
  return {
    changes: [...batch.changes, ...more.flatMap(({ changes }) => changes)],
    wholeTables: [
      ...batch.wholeTables.flatMap((one) => [one, ...(find(one)?.above ?? [])]),
      ...more.flatMap(({ wholeTables }) => wholeTables),
    ],
  }
}

function ownReport(payload: string, tables: readonly FollowedTable[]): ChangeBatch | undefined {
  let report: { [part in 's' | 't' | 'o' | 'k' | 'c' | 'x' | 'all']?: unknown }
  try {
    report = JSON.parse(payload) as typeof report
  } catch {
    return undefined
  }
  if (typeof report !== 'object' || report === null) return undefined
  const { s: schema, t: table, o, k, c, x, all } = report
  if (typeof schema !== 'string' || typeof table !== 'string') return undefined
  if (all === true) return { changes: [], wholeTables: [{ schema, table }] }
  const op = ops[o as keyof typeof ops] ?? 'update'
  const columns = tables.find((one) => one.schema === schema && one.table === table)?.key ?? []
  if (Array.isArray(x)) return ofRows(x, c, { op, schema, table, key: columns })
  if (!Array.isArray(k) || !k.every(isKey)) return undefined
  const changes = k.map((key): Change => {
    const row = Object.fromEntries(columns.map((column, i) => [column, key[i]]))
    const before = op === 'delete' ? row : undefined
    return { op, schema, table, key, formerKey: undefined, row: before ? undefined : row, before }
  })
  return { changes, wholeTables: [] }
}

function isKey(key: unknown): key is string[] {
  return Array.isArray(key) && key.length > 0 && key.every((part) => typeof part === 'string')
}

type Row = readonly [key: string[], before: Values | null, after: Values | null]
type Values = readonly (string | null)[]

function ofRows(
  rows: readonly unknown[],
  names: unknown,
  {
    op,
    schema,
    table,
    key: keyColumns,
  }: Pick<Change, 'op' | 'schema' | 'table'> & Pick<FollowedTable, 'key'>,
): ChangeBatch | undefined {
  if (!isNames(names) || !rows.every((row): row is Row => isRow(row, names.length))) return undefined
  const changes = rows.map(([key, before, after]): Change => {
    const row = (values: Values | null) =>
      values === null
        ? undefined
        : Object.fromEntries([
            ...keyColumns.map((column, i) => [column, key[i]]),
            ...names.map((name, i) => [name, values[i]]),
          ])
    return { op, schema, table, key, formerKey: undefined, row: row(after), before: row(before) }
  })
  return { changes, wholeTables: [] }
}

function isNames(names: unknown): names is string[] {
  return Array.isArray(names) && names.every((name) => typeof name === 'string')
}

function isRow(row: unknown, count: number): row is Row {
  if (!Array.isArray(row) || row.length !== 3 || !isKey(row[0])) return false
  const isValues = (values: unknown) =>
    values === null ||
    (Array.isArray(values) &&
      values.length === count &&
      values.every((value) => value === null || typeof value === 'string'))
  return isValues(row[1]) && isValues(row[2]) && (row[1] !== null || row[2] !== null)
}
