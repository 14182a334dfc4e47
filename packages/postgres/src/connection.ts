import { Client } from 'pg'

/** A connection string, or what `pg` takes as the configuration of a client: host, port, user, password, database, ssl. */
export type ConnectionOptions = string | { readonly [option: string]: unknown }

export type SqlRow = { readonly [column: string]: unknown }

const connectMs = 5_000

export function newClient(connection: ConnectionOptions, more: object): Client {
  const given = typeof connection === 'string' ? { connectionString: connection } : connection
  const config = {
    application_name: 'tierstack',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    ...given,
    ...more,
  }
  const client = new Client(config)
  // A connection that is lost is noticed by whoever uses it; without a listener the process would end.
  client.on('error', () => {})
  return client
}

/** Runs one after the other: a client of `pg` takes one question at a time. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next.catch(() => {})
    return next
  }
}

/** One ordinary connection for questions beside the stream: opened when first asked, and again after it was lost. */
export class SideConnection {
  readonly #connection: ConnectionOptions
  readonly #inTurn = oneAtATime()
  #client: Promise<Client> | undefined
  #closed = false

  constructor(connection: ConnectionOptions) {
    this.#connection = connection
  }

  query(text: string, values: readonly unknown[] = []): Promise<SqlRow[]> {
    return this.#inTurn(async () => {
      const client = await this.#open()
      const { rows } = await client.query<SqlRow>(text, [...values])
      return rows
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.drop()
  }

  /** Lets go of the connection; the next question opens another. */
  async drop(): Promise<void> {
    const opening = this.#client
    this.#client = undefined
    const client = await opening?.catch(() => undefined)
    await client?.end().catch(() => {})
  }

  #open(): Promise<Client> {
    if (this.#closed) return Promise.reject(new Error('the change source is closed'))
    this.#client ??= this.#connect()
    return this.#client
  }

  async #connect(): Promise<Client> {
    const client = newClient(this.#connection, { query_timeout: connectMs })
    const forget = () => {
      this.#client = undefined
    }
    client.once('error', forget)
    client.once('end', forget)
    try {
      await client.connect()
      return client
    } catch (error) {
      forget()
      throw error
    }
  }
}
