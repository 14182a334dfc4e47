import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Fence, FrameWrite, LeaseRead, StoredFrame } from '@tierstack/cache-core'
import { randomToken } from './random-token.ts'

interface Row {
  readonly until: number
  /** Empty: the row is a lease. */
  readonly stamp: string
  /** Who has the lease, or the claim of the frame. Empty: nobody. */
  readonly holder: string
  readonly heldUntil: number
  readonly waited: number
}

/** What a fence stands for: a lease, or else the claim of a frame. */
export interface Standing {
  readonly lease: boolean
  /** Somebody found the lease taken, and waits. */
  readonly waited: boolean
}

const columns = 'until, stamp, holder, held_until AS heldUntil, waited'
const forever = Number.MAX_SAFE_INTEGER

/** What must stand under the key: the stamp of the claimed frame, or nothing for a lease; and the holder. */
function fenceOf(stamp: string, holder: string): Fence {
  return `${stamp}.${holder}`
}

/**
 * The frames and leases of one epoch, key by key. Each method wants to run in the caller's transaction.
 *
 * A row past its `until` counts as absent. A claim, other than a lease, still stands after its time while nobody else
 * has claimed the frame: nothing happened to the key.
 */
export class Entries {
  readonly #row: StatementSync
  readonly #frame: StatementSync
  readonly #put: StatementSync
  readonly #wait: StatementSync
  readonly #hold: StatementSync
  readonly #soften: StatementSync
  readonly #drop: StatementSync

  constructor(database: DatabaseSync) {
    const at = 'WHERE epoch = ? AND key = ?'
    this.#row = database.prepare(`SELECT ${columns} FROM entries ${at}`)
    this.#frame = database.prepare(
      `SELECT stamp, soft, bytes FROM entries
       WHERE epoch = (SELECT epoch FROM namespaces WHERE name = ?) AND key = ? AND until > ? AND stamp <> ''`,
    )
    // Replaces the row rather than updating it: its id then tells its age.
    this.#put = database.prepare(
      `REPLACE INTO entries (epoch, key, until, stamp, soft, holder, held_until, waited, bytes)
       VALUES (?, ?, ?, ?, 0, ?, ?, 0, ?)`,
    )
    this.#wait = database.prepare(`UPDATE entries SET waited = 1 ${at}`)
    this.#hold = database.prepare(
      `UPDATE entries SET holder = ?, held_until = ?, until = iif(stamp = '', ?, until) ${at}`,
    )
    this.#soften = database.prepare(`UPDATE entries SET soft = 1, holder = '', held_until = 0 ${at}`)
    this.#drop = database.prepare(`DELETE FROM entries ${at}`)
  }

  /** The frame in the namespace's current epoch. Needs no transaction. */
  read(namespace: string, key: string, now: number): StoredFrame | undefined {
    const found = this.#frame.get(namespace, Buffer.from(key), now) as unknown as
      | { stamp: string; soft: number; bytes: Uint8Array | null }
      | undefined
    // Node 22 binds an empty array that has no memory as NULL.
    return found && { bytes: found.bytes ?? new Uint8Array(), stamp: found.stamp, soft: found.soft === 1 }
  }

  /** For a key without a frame: gives the lease, or joins those who wait for it. */
  lease(epoch: number, key: string, now: number, until: number): LeaseRead {
    const row = this.#standing(epoch, key, now)
    if (row === undefined) return { state: 'leased', fence: this.#give(epoch, key, until) }
    if (row.waited === 0) this.#wait.run(epoch, Buffer.from(key))
    return { state: 'busy' }
  }

  /** Gives the lease, whatever is there. Those who waited for another's lease wait for this one. */
  take(epoch: number, key: string, now: number, until: number): Fence {
    const waited = this.#standing(epoch, key, now)?.waited === 1
    const fence = this.#give(epoch, key, until)
    if (waited) this.#wait.run(epoch, Buffer.from(key))
    return fence
  }

  claim(epoch: number, key: string, stamp: string, now: number, until: number): Fence | undefined {
    const row = this.#standing(epoch, key, now)
    if (row === undefined || row.stamp !== stamp) return undefined
    if (row.holder !== '' && row.heldUntil > now) return undefined
    const holder = randomToken()
    this.#hold.run(holder, until, until, epoch, Buffer.from(key))
    return fenceOf(stamp, holder)
  }

  /** Stores unconditionally. */
  put(epoch: number, { key, bytes, expiresAt }: FrameWrite): void {
    const until = Math.min(Math.ceil(expiresAt), forever)
    this.#put.run(epoch, Buffer.from(key), until, randomToken(), '', 0, bytes)
  }

  /** What the fence stands for, if it still stands. */
  fenced(epoch: number, key: string, fence: Fence, now: number): Standing | undefined {
    const row = this.#standing(epoch, key, now)
    if (row === undefined || row.holder === '' || fenceOf(row.stamp, row.holder) !== fence) return undefined
    return { lease: row.stamp === '', waited: row.waited === 1 }
  }

  /** Extends a lease or claim that stands. */
  renew(epoch: number, key: string, fence: Fence, until: number): void {
    this.#hold.run(fence.slice(fence.indexOf('.') + 1), until, until, epoch, Buffer.from(key))
  }

  /** Ends a lease or claim that stands. */
  release(epoch: number, key: string, fence: Fence): void {
    if (fence.startsWith('.')) this.drop(epoch, key)
    else this.#hold.run('', 0, 0, epoch, Buffer.from(key))
  }

  /** Marks a frame as stale and voids its claim; drops a lease. */
  expire(epoch: number, key: string, now: number): void {
    const row = this.#standing(epoch, key, now)
    if (row === undefined || row.stamp === '') this.drop(epoch, key)
    else this.#soften.run(epoch, Buffer.from(key))
  }

  drop(epoch: number, key: string): void {
    this.#drop.run(epoch, Buffer.from(key))
  }

  #give(epoch: number, key: string, until: number): Fence {
    const holder = randomToken()
    this.#put.run(epoch, Buffer.from(key), until, '', holder, until, null)
    return fenceOf('', holder)
  }

  #standing(epoch: number, key: string, now: number): Row | undefined {
    const row = this.#row.get(epoch, Buffer.from(key)) as unknown as Row | undefined
    return row && row.until > now ? row : undefined
  }
}
