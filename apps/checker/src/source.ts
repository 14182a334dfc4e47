import { Pool } from 'pg'
import type { PoolClient } from 'pg'
import { makeRow } from './row.ts'
import type { Row } from './row.ts'

/** How a change is made known to the cache. */
export const ways = ['delete', 'expire', 'write', 'deferred', 'tags', 'clear'] as const
export type Way = (typeof ways)[number]

export interface Committed {
  readonly key: number
  readonly version: number
}

const tagOf = (group: number) => `group:${group}`

/** The source of truth: a table in PostgreSQL whose rows count their versions. */
export class Source {
  readonly #pool: Pool
  readonly groups: number

  constructor(url: string, groups: number) {
    this.#pool = new Pool({ connectionString: url, max: 12 })
    this.#pool.on('error', () => {})
    this.groups = groups
  }

  tagOf(group: number): string {
    return tagOf(group)
  }

  /** Starts anew: every row at version 1. */
  async reset(keys: number): Promise<void> {
    await this.#pool.query('DROP TABLE IF EXISTS source')
    await this.#pool.query(
      'CREATE UNLOGGED TABLE source (key int PRIMARY KEY, version int NOT NULL, grp int NOT NULL, way text NOT NULL)',
    )
    await this.#pool.query(
      `INSERT INTO source SELECT k, 1, k % $2, 'new' FROM generate_series(0, $1::int - 1) AS k`,
      [keys, this.groups],
    )
    await this.#pool.query('CREATE INDEX ON source (grp)')
  }

  async row(key: number): Promise<Row> {
    const { rows } = await this.#pool.query<{ version: number; grp: number }>({
      name: 'row',
      text: 'SELECT version, grp FROM source WHERE key = $1',
      values: [key],
    })
    const found = rows[0]
    if (found === undefined) throw new Error(`the source has no row ${key}`)
    return makeRow(key, found.version, tagOf(found.grp))
  }

  async rows(keys: readonly number[]): Promise<Row[]> {
    const { rows } = await this.#pool.query<{ key: number; version: number; grp: number }>({
      name: 'rows',
      text: 'SELECT key, version, grp FROM source WHERE key = ANY($1)',
      values: [keys],
    })
    return rows.map(({ key, version, grp }) => makeRow(key, version, tagOf(grp)))
  }

  /** All keys with their version and the way of the last change. */
  async truth(): Promise<readonly { key: number; version: number; way: string }[]> {
    const { rows } = await this.#pool.query('SELECT key, version, way FROM source ORDER BY key')
    return rows as { key: number; version: number; way: string }[]
  }

  /** Commits one change of the rows. Locks them in order, so that changes never wait for each other in a circle. */
  async change(where: 'keys' | 'group' | 'all', names: readonly number[], way: Way): Promise<Committed[]> {
    return await changed((text, values) => this.#pool.query(text, values), where, names, way)
  }

  /** The same in a transaction of several statements; rolled back when `abort`. */
  async transaction(keys: readonly number[], abort: boolean): Promise<Committed[]> {
    const client: PoolClient = await this.#pool.connect()
    try {
      await client.query('BEGIN')
      const done: Committed[] = []
      for (const key of keys.toSorted((a, b) => a - b)) {
        done.push(...(await changed((text, values) => client.query(text, values), 'keys', [key], 'deferred')))
      }
      await client.query(abort ? 'ROLLBACK' : 'COMMIT')
      return abort ? [] : done
    } finally {
      client.release()
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}

type Query = (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>

async function changed(
  query: Query,
  where: 'keys' | 'group' | 'all',
  names: readonly number[],
  way: Way,
): Promise<Committed[]> {
  const condition = { keys: 'key = ANY($2)', group: 'grp = ANY($2)', all: 'cardinality($2::int[]) >= 0' }[
    where
  ]
  const { rows } = await query(
    `WITH locked AS (SELECT key FROM source WHERE ${condition} ORDER BY key FOR UPDATE)
     UPDATE source SET version = version + 1, way = $1 FROM locked WHERE source.key = locked.key
     RETURNING source.key, source.version`,
    [way, [...names]],
  )
  return rows as Committed[]
}
