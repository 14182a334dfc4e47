import { Client, Pool } from 'pg'

export interface Row {
  readonly id: number
  readonly version: number
  readonly name: string
  readonly email: string
  readonly city: string
  readonly note: string
}

/** How long a query takes: one by primary key, or one that joins and sorts for 50 ms. */
export type Cost = 'cheap' | '50 ms'

const slowMs = 50

/** A table for each contestant: nobody is told of what the others change. */
function tableOf(contestant: string): string {
  return `rows_${contestant.replaceAll(/\W+/g, '_')}`
}

export async function createTables(
  databaseUrl: string,
  names: readonly string[],
  rows: number,
): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  for (const name of names) {
    const table = tableOf(name)
    await client.query(`
      create unlogged table ${table} as
      select id, 1 as version, 'Customer ' || id as name, 'customer.' || id || '@example.org' as email,
             'City ' || id % 997 as city, repeat('n', 300) as note
      from generate_series(0, ${rows - 1}) id`)
    await client.query(`alter table ${table} add primary key (id)`)
  }
  await client.query('vacuum analyze')
  await client.end()
}

/** The source of truth, as one process of a service sees it. */
export class Source {
  readonly #pools: Readonly<Record<Cost, Pool>>
  readonly #table: string
  /** Queries for rows so far. */
  reads = 0
  cost: Cost = 'cheap'
  /** Answers without asking the database, to warm a cache in reasonable time. */
  rehearsal: ((id: number) => Row) | undefined

  constructor(databaseUrl: string, contestant: string) {
    const pool = (max: number) => {
      const one = new Pool({ connectionString: databaseUrl, max, idleTimeoutMillis: 1_000 })
      one.on('error', () => {})
      return one
    }
    // A query that waits needs a connection, and none of the computer's time.
    this.#pools = { cheap: pool(16), '50 ms': pool(64) }
    this.#table = tableOf(contestant)
  }

  async read(id: number): Promise<Row> {
    if (this.rehearsal) return this.rehearsal(id)
    this.reads++
    const wait = this.cost === 'cheap' ? '' : `, pg_sleep(${slowMs / 1_000})`
    const { rows } = await this.#pools[this.cost].query<Row>({
      name: `read ${this.cost}`,
      text: `select id, version, name, email, city, note from ${this.#table}${wait} where id = $1`,
      values: [id],
    })
    return rows[0] as Row
  }

  /** Commits a change; resolves to the row's new version. */
  async write(id: number): Promise<number> {
    const { rows } = await this.#pools.cheap.query<{ version: number }>({
      name: 'write',
      text: `update ${this.#table} set version = version + 1 where id = $1 returning version`,
      values: [id],
    })
    return rows[0]?.version ?? Number.NaN
  }

  async versions(ids: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const { rows } = await this.#pools.cheap.query<{ id: number; version: number }>(
      `select id, version from ${this.#table} where id = any($1)`,
      [ids],
    )
    return new Map(rows.map(({ id, version }) => [id, version]))
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#pools).map((pool) => pool.end()))
  }
}
