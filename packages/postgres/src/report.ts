import type { Change, ChangeBatch } from './change-source.ts'
import type { FollowedTable } from './tables.ts'

const ops = { INSERT: 'insert', UPDATE: 'update', DELETE: 'delete' } as const

/** What a trigger reported: `{ s, t, o, k }` with keys, or `{ s, t, all }`. Undefined for anything else. */
export function readReport(payload: string, tables: readonly FollowedTable[]): ChangeBatch | undefined {
  let report: { s?: unknown; t?: unknown; o?: unknown; k?: unknown; all?: unknown }
  try {
    report = JSON.parse(payload) as typeof report
  } catch {
    return undefined
  }
  if (typeof report !== 'object' || report === null) return undefined
  const { s: schema, t: table, o, k, all } = report
  if (typeof schema !== 'string' || typeof table !== 'string') return undefined
  if (all === true) return { changes: [], wholeTables: [{ schema, table }] }
  if (!Array.isArray(k) || !k.every(isKey)) return undefined
  const op = ops[o as keyof typeof ops] ?? 'update'
  const columns = tables.find((one) => one.schema === schema && one.table === table)?.key ?? []
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
