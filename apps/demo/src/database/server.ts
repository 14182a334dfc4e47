import { Pool } from 'pg'
import type { PoolClient } from 'pg'
import type { Answer, Connection, Step } from './database.ts'

const connections = 8

/** A real PostgreSQL, reached through `pg`. */
class Server implements Connection {
  readonly title: string
  readonly parallel: number = connections
  readonly #pool: Pool

  readonly feed: { readonly connection: string }

  constructor(pool: Pool, title: string, connection: string) {
    this.#pool = pool
    this.feed = { connection }
    this.title = title
  }

  async run(text: string, values: readonly unknown[]): Promise<Answer> {
    const client = await this.#pool.connect()
    try {
      // After `connect`, so that `ms` is the time of the query without the wait for a connection.
      const began = performance.now()
      const { rows } = await client.query(text, [...values])
      const ms = performance.now() - began
      client.release()
      return { rows, ms }
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  async transaction(steps: readonly Step[]): Promise<void> {
    const client: PoolClient = await this.#pool.connect()
    try {
      await client.query('begin')
      for (const step of steps) await client.query(step.text, [...(step.values ?? [])])
      await client.query('commit')
      client.release()
    } catch (error) {
      // Closing the connection rolls back, also when it is the connection that failed.
      client.release(true)
      throw error
    }
  }

  close(): Promise<void> {
    return this.#pool.end()
  }
}

/** Connects to the PostgreSQL at `url`. Throws one sentence when it can't be reached. */
export async function openServer(url: string): Promise<Connection> {
  const pool = new Pool({ connectionString: url, max: connections, connectionTimeoutMillis: 3_000 })
  // An idle connection that breaks is replaced by the pool; without a listener its error would end the process.
  pool.on('error', () => {})
  try {
    const { rows } = await pool.query<{ server_version: string }>('show server_version')
    const version = (rows[0]?.server_version ?? '').split(' ')[0] ?? ''
    return new Server(pool, `PostgreSQL ${version} at ${pool.options.host ?? new URL(url).host}`, url)
  } catch (error) {
    await pool.end()
    const reason = error instanceof Error && error.message !== '' ? error.message : String(error)
    throw new Error(`The PostgreSQL of DATABASE_URL can not be used: ${reason}`, { cause: error })
  }
}
