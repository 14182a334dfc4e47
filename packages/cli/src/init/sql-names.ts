import type { Table } from './introspect.ts'

/** A name as SQL takes it, quoted where it must be. */
export function sqlIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** A table's name, with its schema when that isn't `public`. */
export function sqlTable({ schema, name }: Table): string {
  return schema === 'public' ? sqlIdentifier(name) : `${sqlIdentifier(schema)}.${sqlIdentifier(name)}`
}
