/** A row of the source of truth, as loaders return it. It names its key, so that a mixed-up value shows. */
export interface Row {
  readonly key: number
  readonly version: number
  readonly tag: string
  readonly text: string
}

const filler = 'x'.repeat(160)

export function makeRow(key: number, version: number, tag: string): Row {
  return { key, version, tag, text: `${key}/${version}/${filler}` }
}

/** Is it a row of this key, whole and unchanged? */
export function isRowOf(row: unknown, key: number): row is Row {
  if (typeof row !== 'object' || row === null) return false
  const { key: named, version, text } = row as Partial<Row>
  return (
    named === key &&
    Number.isInteger(version) &&
    (version as number) > 0 &&
    text === `${key}/${version}/${filler}`
  )
}
