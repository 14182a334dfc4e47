/** Quotes a name for SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a text for SQL, where no parameter may stand. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export interface TableName {
  readonly schema: string
  readonly table: string
}

/** `users` → of `public`; `billing.invoices` → of `billing`. */
export function parseTable(name: string): TableName {
  const dot = name.indexOf('.')
  return dot < 0
    ? { schema: 'public', table: name }
    : { schema: name.slice(0, dot), table: name.slice(dot + 1) }
}

export function quoteTable({ schema, table }: TableName): string {
  return `${quoteName(schema)}.${quoteName(table)}`
}
