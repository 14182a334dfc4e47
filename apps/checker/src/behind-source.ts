import { Pool } from 'pg'

export interface BehindRow {
  readonly key: number
  readonly version: number
}

/** The table behind the write queue, and a log of every change that a save made to it. */
export class BehindSource {
  readonly #pool: Pool

  constructor(url: string) {
    this.#pool = new Pool({ connectionString: url, max: 4 })
    this.#pool.on('error', () => {})
  }

  async reset(): Promise<void> {
    await this.#pool.query('DROP TABLE IF EXISTS behind_rows, behind_log')
    await this.#pool.query(
      'CREATE TABLE behind_rows (key int PRIMARY KEY, version int NOT NULL, token text NOT NULL)',
    )
    await this.#pool.query(
      'CREATE TABLE behind_log (at bigserial PRIMARY KEY, key int NOT NULL, version int NOT NULL, token text NOT NULL)',
    )
  }

  async version(key: number): Promise<number> {
    const { rows } = await this.#pool.query<{ version: number }>({
      name: 'version',
      text: 'SELECT version FROM behind_rows WHERE key = $1',
      values: [key],
    })
    return rows[0]?.version ?? 0
  }

  /** Applies what has a greater token than the row has, in one statement, and logs what it changed. */
  async save(
    writes: readonly { readonly input: number; readonly value: number; readonly token: string }[],
  ): Promise<void> {
    await this.#pool.query({
      name: 'save',
      text: `WITH applied AS (
        INSERT INTO behind_rows (key, version, token)
        SELECT * FROM unnest($1::int[], $2::int[], $3::text[]) AS w (key, version, token) ORDER BY key
        ON CONFLICT (key) DO UPDATE SET version = excluded.version, token = excluded.token
        WHERE behind_rows.token < excluded.token
        RETURNING key, version, token
      ) INSERT INTO behind_log (key, version, token) SELECT * FROM applied`,
      values: [
        writes.map(({ input }) => input),
        writes.map(({ value }) => value),
        writes.map(({ token }) => token),
      ],
    })
  }

  async rows(): Promise<readonly BehindRow[]> {
    return (await this.#pool.query<BehindRow>('SELECT key, version FROM behind_rows ORDER BY key')).rows
  }

  /** Changes made; changes that were made twice; changes that went back to an older version. */
  async log(): Promise<{ readonly changes: number; readonly twice: number; readonly backwards: number }> {
    const { rows } = await this.#pool.query<{ changes: number; twice: number; backwards: number }>(
      `SELECT count(*)::int AS changes,
              (count(*) - count(DISTINCT (key, version)))::int AS twice,
              (count(*) FILTER (WHERE version <= before))::int AS backwards
       FROM (SELECT key, version, lag(version) OVER (PARTITION BY key ORDER BY at) AS before FROM behind_log) AS log`,
    )
    return rows[0] ?? { changes: 0, twice: 0, backwards: 0 }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}
