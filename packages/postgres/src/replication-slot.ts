import { randomBytes } from 'node:crypto'
import { quoteText } from './identifiers.ts'
import { parseLsn } from './lsn.ts'
import type { ReachedPosition } from './reached-position.ts'
import type { ResolvedReplication } from './replication-options.ts'
import { readSlot } from './replication-setup.ts'
import type { SlotState } from './replication-setup.ts'
import type { ReplicationStream } from './replication-stream.ts'
import { SetupError } from './setup-error.ts'
import type { Ask } from './tables.ts'

const inUse = '55006'
const exists = '42710'
const noneLeft = '53400'

/** Whether another process follows the slot, or was faster to make it. */
export function isInUse(error: unknown): boolean {
  return (error as { code?: string }).code === inUse
}

/** The slot that keeps what was committed while nobody followed. */
export class ReplicationSlot {
  readonly #ask: Ask
  readonly #name: string
  readonly #perProcess: boolean
  readonly #reached: ReachedPosition

  /** @param reached Is told of the position that the server has for the slot. */
  constructor(
    ask: Ask,
    { slot, perProcess }: Pick<ResolvedReplication, 'slot' | 'perProcess'>,
    reached: ReachedPosition,
  ) {
    this.#ask = ask
    this.#name = slot
    this.#perProcess = perProcess
    this.#reached = reached
  }

  async state(): Promise<SlotState | undefined> {
    const state = await readSlot(this.#ask, this.#name)
    if (state?.history && state.confirmed) this.#reached.note(state.history, parseLsn(state.confirmed))
    return state
  }

  /** The slot, unless it isn't there or can't be followed any more; then it is dropped. */
  async usable(): Promise<{ active: boolean } | undefined> {
    const state = await this.state()
    if (state?.foreign) {
      const found = `the slot \`${this.#name}\` is used otherwise (${state.foreign})`
      throw new SetupError({ check: 'slot', found, fix: 'give another name in `slot`' })
    }
    if (!state?.lost) return state
    await this.drop()
    return undefined
  }

  async drop(): Promise<void> {
    await this.#ask('select pg_drop_replication_slot($1)', [this.#name])
  }

  /**
   * The lasting slot is a copy of a passing one, made once everything older is gone from the cache (`gap`): a process that
   * dies in between leaves no slot that looks as if nothing had been missed before it.
   */
  async create(stream: ReplicationStream, gap: (why: string) => Promise<void>): Promise<void> {
    const name = this.#name
    const first = this.#perProcess ? name : `${name}_${randomBytes(6).toString('hex')}`
    try {
      await stream.query(`select pg_create_logical_replication_slot(${quoteText(first)}, 'pgoutput', true)`)
      await gap(`the slot \`${name}\` begins here: it didn't exist, or its log was lost`)
      if (this.#perProcess) return
      await stream.query(
        `select pg_copy_logical_replication_slot(${quoteText(first)}, ${quoteText(name)}, false)`,
      )
      await stream.query(`select pg_drop_replication_slot(${quoteText(first)})`)
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      // Another process of the fleet was faster: back to the beginning, to stand by.
      if (code === exists) throw Object.assign(new Error(message, { cause: error }), { code: inUse })
      if (code !== noneLeft) throw error
      const finding = {
        check: 'max_replication_slots',
        found: `the server has no replication slot left (${message})`,
        fix: 'raise `max_replication_slots` (two are needed for a moment) and restart PostgreSQL, or drop a slot that nobody uses',
      }
      throw new SetupError(finding, error)
    }
  }
}
