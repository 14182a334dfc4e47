import { sqlIdentifier, sqlTable } from './sql-names.ts'
import { feedName, variableName } from './plan.ts'
import type { Plan } from './plan.ts'
import type { Column, Table } from './introspect.ts'

/** `warming.ts`: loads what will be asked for before anyone asks. */
export function warmingFile({ tables }: Plan): string {
  const warmed = tables.filter(({ key }) => key.length === 1)
  const names = warmed.map((table) => `${variableName(table)}ByKey`)
  return `import { readFileSync } from 'node:fs'
import type { WarmReport } from '@tierstack/cache-core'
import { pool } from './database.ts'
import { ${names.join(', ')} } from './definitions.ts'

// Statements of warming.sql, each behind a line \`-- name: …\`: they give the keys to be loaded, the hottest first.
const statements = new Map(
  [...readFileSync(new URL('warming.sql', import.meta.url), 'utf8').matchAll(/^-- name: (\\S+)\\n(.*?;)$/gms)].map(
    ([, name = '', sql = '']) => [name, sql] as const,
  ),
)

/** Runs at deploy, or every half hour. What is fresh already is skipped, and one failing key stops nothing. */
export async function warmCaches(signal?: AbortSignal): Promise<Record<string, WarmReport>> {
  const options = { concurrency: 32, ...(signal ? { signal } : {}) }
  return {
${warmed.map((table) => `    '${feedName(table)}': await ${variableName(table)}ByKey.warm(await keysOf<${(table.key[0] as { type: string }).type}>('${feedName(table)}'), options),`).join('\n')}
  }
}

async function keysOf<K>(name: string): Promise<K[]> {
  const sql = statements.get(name)
  if (sql === undefined) throw new Error(\`Expected a statement named \${name} in warming.sql, found none\`)
  const { rows } = await pool.query<{ key: K }>(sql)
  return rows.map(({ key }) => key)
}
`
}

/** `warming.sql`: which keys are worth loading. */
export function warmingSql({ tables }: Plan): string {
  const statements = tables.filter(({ key }) => key.length === 1).map(statementOf)
  return `-- Which keys are worth loading before anyone asks: one statement a table, with a column \`key\`, the hottest first.
-- With a table of accesses, let it decide:
--
--   select user_id as key from access_logs
--    where created_at > now() - interval '24 hours'
--    group by user_id order by count(*) desc limit 1000;
${statements.join('')}`
}

function statementOf(table: Table): string {
  const [key] = table.key as readonly [Column]
  const column = sqlIdentifier(key.name)
  return `
-- name: ${feedName(table)}
select ${column} as key from ${sqlTable(table)} order by ${column} desc limit 1000;
`
}
