/** The part of a `pg` result, and of one of PGlite, that a reader sees. */
export interface QueryResult {
  readonly command?: string
  readonly rowCount?: number | null
  readonly affectedRows?: number
  readonly rows: readonly unknown[]
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
}

export interface StoredResult {
  readonly command: string | undefined
  readonly rowCount: number | null
  readonly affectedRows: number | undefined
  readonly rows: readonly unknown[]
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
}

export function packResult(result: QueryResult): StoredResult {
  const { command, rowCount = null, affectedRows, rows, fields } = result
  return {
    command,
    rowCount,
    affectedRows,
    // Rows may have a prototype of their own, which no other process would have.
    rows: rows.map((row) => (Array.isArray(row) ? [...(row as unknown[])] : { ...(row as object) })),
    fields: fields.map((field) => ({ ...field })),
  }
}

export function unpackResult(stored: StoredResult): QueryResult {
  const { affectedRows, ...result } = stored
  return affectedRows === undefined
    ? ({ ...result, oid: null } as unknown as QueryResult)
    : { rows: result.rows, fields: result.fields, affectedRows }
}

export const rowsOfResult = (stored: StoredResult): number => stored.rows.length
