import pg from 'pg'
import { UsageError } from '../usage-error.ts'

export interface Column {
  readonly name: string
  /** Its type in TypeScript, as `pg` returns values. */
  readonly type: string
  readonly nullable: boolean
}

export interface Table {
  readonly schema: string
  readonly name: string
  readonly columns: readonly Column[]
  /** Columns of the primary key, in its order. */
  readonly key: readonly Column[]
}

interface Row {
  readonly column: string
  readonly type: string
  readonly nullable: boolean
  readonly position: number | null
}

/** Columns and primary key of tables, from the database itself. */
export async function introspect(url: string, names: readonly string[]): Promise<readonly Table[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const wanted = names.length > 0 ? names : await allTables(client)
    const tables: Table[] = []
    for (const name of wanted) tables.push(await tableOf(client, name))
    return tables
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code, message } = error as { code?: string; message?: string }
    throw new UsageError(
      `Expected a database to look into, got ${message || code}; give --database, or leave it out`,
    )
  } finally {
    await client.end().catch(() => {})
  }
}

async function allTables(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind in ('r', 'p')
        and exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary)
      order by 1`,
  )
  if (rows.length > 0) return rows.map(({ name }) => name)
  throw new UsageError(
    'Expected a table with a primary key in the schema `public`, found none; name some with --table',
  )
}

async function tableOf(client: pg.Client, given: string): Promise<Table> {
  const [name = '', schema = 'public'] = given.split('.').toReversed()
  const { rows } = await client.query<Row>(
    `select a.attname as column, format_type(a.atttypid, null) as type, not a.attnotnull as nullable,
            array_position(i.indkey::int2[], a.attnum) as position
       from pg_attribute a
       join pg_class c on c.oid = a.attrelid
       join pg_namespace n on n.oid = c.relnamespace
       left join pg_index i on i.indrelid = c.oid and i.indisprimary
      where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
      order by a.attnum`,
    [schema, name],
  )
  if (rows.length === 0) throw new UsageError(`Expected a table \`${given}\` in the database, there is none`)
  const keyed = rows.filter(({ position }) => position !== null)
  if (keyed.length === 0) {
    throw new UsageError(
      `Expected the table \`${given}\` to have a primary key: without one no row of it can be told from another`,
    )
  }
  return {
    schema,
    name,
    columns: rows.map(columnOf),
    key: keyed.toSorted((a, b) => Number(a.position) - Number(b.position)).map(columnOf),
  }
}

function columnOf({ column, type, nullable }: Row): Column {
  return { name: column, type: typeOf(type), nullable }
}

/** What `pg` makes of a PostgreSQL type by default: 64-bit integers and decimals stay texts, as numbers would lose digits. */
function typeOf(type: string): string {
  if (type.endsWith('[]')) return `${typeOf(type.slice(0, -2))}[]`
  switch (type) {
    case 'smallint':
    case 'integer':
    case 'oid':
    case 'real':
    case 'double precision':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'date':
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return 'Date'
    case 'bytea':
      return 'Uint8Array'
    case 'json':
    case 'jsonb':
    case 'point':
    case 'interval':
      return 'unknown'
    default:
      return 'string'
  }
}
