import { setTimeout as sleep } from 'node:timers/promises'
import type { Caching } from '../caching.ts'
import type { Database } from '../database/database.ts'
import type { City } from '../database/queries.ts'
import type { Statement } from '../database/statement.ts'

const patienceMs = 10_000

/** An update of cities by SQL alone, as with `psql`, and what the cache showed of it. */
export async function runRawSql(
  { database, caching }: { readonly database: Database; readonly caching: Caching },
  sql: string,
  disturb: () => void,
): Promise<string> {
  const text = sql.trim().replace(/;$/, '')
  // Everything else could leave the demo without its tables; a second statement as well.
  if (!/^update\s+tierstack_demo\.cities\s+set\s/i.test(text) || text.includes(';')) {
    throw new Error('Expected one statement that begins with `update tierstack_demo.cities set`.')
  }
  const [first] = await database.run<Pick<City, 'id'>>(
    { name: 'raw sql', purpose: 'setup', text: `select id from (${selectionOf(text)}) ids limit 1` },
    [],
  )
  if (first === undefined) return 'No row is meant by it.'
  const before = await caching.cityById(first.id)
  disturb()
  const statement: Statement = { name: 'raw sql', purpose: 'write', text: `${text} returning *` }
  const rows = await database.run<City>(statement)
  const row = rows.find(({ id }) => id === first.id) ?? rows[0]
  if (row === undefined) return 'No row was changed.'
  const began = performance.now()
  let reads = 0
  for (;;) {
    const read = await caching.cityById(row.id)
    if (read?.population === row.population && read.name === row.name) break
    reads++
    if (performance.now() - began > patienceMs) {
      throw new Error(`The change did not show within ${patienceMs / 1_000} s: is the change feed running?`)
    }
    await sleep(1)
  }
  const was = before ? `${before.name}, ${before.population.toLocaleString('en')} people` : 'nothing'
  const ms = (performance.now() - began).toFixed(0)
  return (
    `${rows.length === 1 ? 'One row' : `${rows.length.toLocaleString('en')} rows`} changed, and nobody told the cache. ` +
    `It had: ${was}. ${ms} ms after the statement it had: ${row.name}, ${row.population.toLocaleString('en')} people ` +
    `(${reads} reads in between got the old row).`
  )
}

/** The rows that an update means. */
function selectionOf(update: string): string {
  const where = /\swhere\s([\s\S]*)$/i.exec(update)?.[1]
  return `select id from tierstack_demo.cities${where === undefined ? '' : ` where ${where}`}`
}
