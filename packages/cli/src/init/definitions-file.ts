import type { Column, Table } from './introspect.ts'
import { feedName, typeName, variableName } from './plan.ts'
import type { Plan } from './plan.ts'
import { sqlIdentifier, sqlTable } from './sql-names.ts'

/** `definitions.ts`: for each table its row type, and definitions by primary key. */
export function definitionsFile({ tables, feed }: Plan): string {
  const parts = tables.map((table) => definitionOf(table))
  return `import { rowTag, tableTag } from '@tierstack/cache-postgres'
import { cache } from './cache.ts'
import { pool } from './database.ts'

// One object per query: its key, its loader and its tags, so that readers and removers can't disagree about them.
// The tags are those that ${feed ? 'invalidation.ts removes when a row changes' : 'a write has to remove'}: \`table:key\` for a row, \`table\` for lists and counts.
${parts.join('')}`
}

function definitionOf(table: Table): string {
  const type = typeName(table)
  const variable = variableName(table)
  const name = feedName(table)
  const compound = table.key.length > 1
  const input = compound
    ? `{ ${table.key.map((column) => `readonly ${field(column.name)}: ${column.type}`).join('; ')} }`
    : (table.key[0] as Column).type
  return `
/** A row of \`${name}\`. */
export interface ${type} {
${table.columns.map((column) => `  readonly ${field(column.name)}: ${column.type}${column.nullable ? ' | null' : ''}`).join('\n')}
}

export const ${variable}ByKey = cache.define({
  name: '${name.replaceAll(/[^A-Za-z0-9._-]/g, '-')}.byKey',
${compound ? compoundLoad(table, type, input) : simpleLoad(table, type, input)}
})

export const ${variable}Count = cache.define({
  name: '${name.replaceAll(/[^A-Za-z0-9._-]/g, '-')}.count',
  load: async (_: 'all') => {
    const { rows } = await pool.query<{ count: number }>('select count(*)::int as count from ${sqlName(table)}')
    return rows[0]?.count ?? 0
  },
  tags: () => [tableTag('${name}')],
})
`
}

function simpleLoad(table: Table, type: string, input: string): string {
  const [key] = table.key as readonly [Column]
  const property = access(key.name)
  const tagged =
    input === 'Date' ? 'id.toISOString()' : input === 'number' || input === 'string' ? 'id' : 'String(id)'
  return `  load: async (id: ${input}) => {
    const { rows } = await pool.query<${type}>('select * from ${sqlName(table)} where ${quoted(key.name)} = $1', [id])
    return rows[0] ?? null
  },
  loadMany: async (ids: readonly ${input}[]) => {
    const { rows } = await pool.query<${type}>('select * from ${sqlName(table)} where ${quoted(key.name)} = any($1)', [ids])
    const byKey = new Map<unknown, ${type}>(rows.map((row) => [${input === 'Date' ? `row${property}.getTime()` : `row${property}`}, row]))
    return ids.map((id) => byKey.get(${input === 'Date' ? 'id.getTime()' : 'id'}) ?? null)
  },
  tags: (_, id) => [rowTag('${feedName(table)}', ${tagged})],`
}

function compoundLoad(table: Table, type: string, input: string): string {
  const where = table.key.map(({ name }, i) => `${quoted(name)} = $${i + 1}`).join(' and ')
  const values = table.key.map(({ name }) => `key${access(name)}`)
  const tagged = table.key.map(({ name, type: of }) => {
    const value = `key${access(name)}`
    if (of === 'Date') return `${value}.toISOString()`
    return of === 'number' || of === 'string' ? value : `String(${value})`
  })
  return `  load: async (key: ${input}) => {
    const { rows } = await pool.query<${type}>('select * from ${sqlName(table)} where ${where}', [${values.join(', ')}])
    return rows[0] ?? null
  },
  tags: (_, key) => [rowTag('${feedName(table)}', ${tagged.join(', ')})],`
}

function field(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}

function access(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `['${name.replaceAll(/['\\]/g, String.raw`\$&`)}']`
}

/** SQL that stands between single quotes in the generated file. */
const inQuotes = (sql: string): string => sql.replaceAll(/['\\]/g, String.raw`\$&`)
const quoted = (name: string): string => inQuotes(sqlIdentifier(name))
const sqlName = (table: Table): string => inQuotes(sqlTable(table))
