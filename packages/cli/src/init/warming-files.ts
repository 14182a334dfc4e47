import { sqlIdentifier, sqlTable } from './sql-names.ts'
import { feedName, variableName } from './plan.ts'
import type { Plan } from './plan.ts'
import type { Column, Table } from './introspect.ts'

/** `warming.ts`: loads what will be asked for before anyone asks. */
export function warmingFile({ tables }: Plan): string {
  const warmed = tables.filter(({ key }) => key.length === 1)
  const names = warmed.map((table) => `${variableName(table)}ByKey`)
  const tasks = warmed.map((table) => {
    const [{ type }] = table.key as readonly [Column]
    const name = feedName(table)
    return `    warm('${name}', ${variableName(table)}ByKey, fromSql<${type}>({ client: pool, text: statement('${name}') })),`
  })
  return `import { readFileSync } from 'node:fs'
import { createWarmer, fromSql, warm } from '@tierstack/cache-warmer'
import { pool } from './database.ts'
import { ${names.join(', ')} } from './definitions.ts'

// Statements of warming.sql, each behind a line \`-- name: …\`: they give the keys to be loaded, the hottest first.
const statements = new Map(
  [...readFileSync(new URL('warming.sql', import.meta.url), 'utf8').matchAll(/^-- name: (\\S+)\\n(.*?;)$/gms)].map(
    ([, name = '', sql = '']) => [name, sql] as const,
  ),
)

function statement(name: string): string {
  const sql = statements.get(name)
  if (sql === undefined) throw new Error(\`Expected a statement named \${name} in warming.sql, found none\`)
  return sql
}

/**
 * \`await warmer.runOnce()\` at deploy, or \`warmer.every('30m', { jitter: '1m' })\`. What is fresh already is skipped, and
 * one failing key or query stops nothing: the report has it. With a \`leader\` one process of a fleet does it.
 */
export const warmer = createWarmer({
  concurrency: 32,
  tasks: [
${tasks.join('\n')}
  ],
})
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
