import { newClient, oneAtATime } from './connection.ts'
import type { ConnectionOptions, SqlRow } from './connection.ts'

/** A question may take so long (ms), however short the silence that counts as death. */
const shortestAnswer = 5_000

/** A PostgreSQL within this process, such as PGlite. */
export interface EmbeddedDatabase {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  exec(text: string): Promise<unknown>
  listen(channel: string, heard: (payload: string) => void): Promise<(...rest: never[]) => Promise<void>>
}

/** One connection that asks and listens. */
export interface Session {
  query(text: string, values?: readonly unknown[]): Promise<SqlRow[]>
  /** Runs several statements. */
  exec(text: string): Promise<void>
  listen(channel: string, heard: (payload: string) => void): Promise<void>
  /** Rejects when the connection is lost. */
  readonly lost: Promise<never>
  close(): Promise<void>
}

export async function openSession(connection: ConnectionOptions, silence: number): Promise<Session> {
  const client = newClient(connection, { query_timeout: Math.max(shortestAnswer, 2 * silence) })
  const lost = new Promise<never>((_, reject) => {
    client.once('error', reject)
    client.once('end', () => reject(new Error('the connection ended')))
  })
  lost.catch(() => {})
  await client.connect()
  const inTurn = oneAtATime()
  return {
    lost,
    query: (text, values = []) => inTurn(async () => (await client.query<SqlRow>(text, [...values])).rows),
    exec: (text) => inTurn(async () => void (await client.query(text))),
    async listen(channel, heard) {
      client.on('notification', (message) => {
        if (message.channel === channel) heard(message.payload ?? '')
      })
      await inTurn(() => client.query(`listen "${channel}"`))
    },
    async close() {
      // A server that is gone doesn't answer the goodbye.
      const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection
      const patience = setTimeout(() => stream.destroy(), 500)
      await client.end().catch(() => {})
      clearTimeout(patience)
    },
  }
}

/** The session of an embedded database, which is never lost and belongs to who opened it. */
export function embeddedSession(database: EmbeddedDatabase): Session {
  const stops: (() => Promise<void>)[] = []
  return {
    lost: new Promise(() => {}),
    query: async (text, values = []) => (await database.query(text, [...values])).rows as SqlRow[],
    exec: async (text) => void (await database.exec(text)),
    async listen(channel, heard) {
      stops.push(await database.listen(channel, heard))
    },
    async close() {
      for (const stop of stops.splice(0)) await stop()
    },
  }
}
