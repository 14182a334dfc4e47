import type { Client } from 'pg'
import { newClient } from './connection.ts'
import type { ConnectionOptions, SqlRow } from './connection.ts'
import { quoteName, quoteText } from './identifiers.ts'
import { formatLsn } from './lsn.ts'
import type { Lsn } from './lsn.ts'

/** The part of a `pg` client's wire that speaks the copy protocol both ways. */
interface Wire {
  on(event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void): void
  once(event: 'replicationStart', listener: () => void): void
  sendCopyFromChunk(chunk: Buffer): void
  readonly stream: { pause(): void; resume(): void; destroy(): void; readonly writable: boolean }
}

export interface StreamListener {
  started(): void
  /** A message of the output plugin begins at `at`. */
  message(bytes: Buffer, at: number): void
  /** Everything before this position was sent. */
  sent(end: Lsn): void
}

const statusBytes = 34
const epoch2000 = 946_684_800_000

/*
 * One connection in replication mode: PostgreSQL documentation, "Streaming Replication Protocol". It answers with the
 * position that it is told to confirm, and never with what it has merely received.
 */
export class ReplicationStream {
  readonly #client: Client
  readonly #wire: Wire
  readonly #silence: number
  #heardAt = 0
  #timer: NodeJS.Timeout | undefined
  #confirmed: Lsn = 0n
  #paused = false

  constructor(connection: ConnectionOptions, silence: number) {
    this.#client = newClient(connection, { replication: 'database' })
    this.#wire = (this.#client as unknown as { connection: Wire }).connection
    this.#silence = silence
  }

  async connect(): Promise<void> {
    await this.#client.connect()
    // Keys become tags as the server prints them, whatever the database's settings. A dead holder must lose the slot.
    await this.#client.query(
      `set datestyle = 'ISO'; set timezone = 'UTC'; set intervalstyle = 'iso_8601';
       set wal_sender_timeout = ${Math.round(this.#silence)}`,
    )
  }

  async query(text: string): Promise<SqlRow[]> {
    return (await this.#client.query<SqlRow>(text)).rows
  }

  /** What was confirmed last. */
  get confirmed(): Lsn {
    return this.#confirmed
  }

  /** Follows a slot from `start`, or from its own position if that is further. Rejects when the server refuses or the connection ends; never resolves before that. */
  async follow(slot: string, publication: string, start: Lsn, listener: StreamListener): Promise<void> {
    this.#wire.on('copyData', ({ chunk }) => {
      this.#heardAt = performance.now()
      if (chunk[0] === 0x77) {
        listener.message(chunk, 25)
      } else if (chunk[0] === 0x6b) {
        listener.sent(chunk.readBigUInt64BE(1))
        if (chunk[17] === 1) this.#answer(false)
      }
    })
    const ended = new Promise<never>((_, reject) => {
      this.#client.once('error', reject)
      this.#client.once('end', () => reject(new Error('the replication connection ended')))
    })
    ended.catch(() => {})
    this.#wire.once('replicationStart', () => {
      this.#heardAt = performance.now()
      this.#timer = setInterval(() => this.#tick(), Math.min(1_000, this.#silence / 4))
      listener.started()
    })
    const names = quoteText(quoteName(publication))
    const command = `START_REPLICATION SLOT ${quoteName(slot)} LOGICAL ${formatLsn(start)} (proto_version '1', publication_names ${names})`
    await Promise.race([this.#client.query(command), ended])
    throw new Error('the server ended the replication')
  }

  /** Everything before this position may be forgotten by the server. */
  confirm(position: Lsn): void {
    if (position > this.#confirmed) this.#confirmed = position
  }

  pause(): void {
    this.#paused = true
    this.#wire.stream.pause()
  }

  resume(): void {
    this.#paused = false
    this.#heardAt = performance.now()
    this.#wire.stream.resume()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#timer !== undefined) this.#answer(false)
    // The server ends a replication only at the end of what it is sending, which may be long.
    const ending = this.#client.end().catch(() => {})
    const patience = setTimeout(() => this.#wire.stream.destroy(), 500)
    await ending
    clearTimeout(patience)
  }

  #tick(): void {
    if (!this.#paused && performance.now() - this.#heardAt > this.#silence) {
      this.#wire.stream.destroy()
      return
    }
    // The answer to it is what tells a quiet server from a dead one.
    this.#answer(true)
  }

  #answer(ping: boolean): void {
    if (!this.#wire.stream.writable) return
    const status = Buffer.alloc(statusBytes)
    status[0] = 0x72
    for (const at of [1, 9, 17]) status.writeBigUInt64BE(this.#confirmed, at)
    status.writeBigInt64BE(BigInt(Math.round((Date.now() - epoch2000) * 1_000)), 25)
    status[33] = ping ? 1 : 0
    this.#wire.sendCopyFromChunk(status)
  }
}
