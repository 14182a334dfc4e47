import { randomUUID } from 'node:crypto'
import { expectation } from '@tierstack/cache-core'
import type { QueryClient } from './source.ts'

/** Decides which process of a fleet warms. */
export interface Leader {
  /** Takes or extends the lead for `holdMs`; resolves to whether this process has it. A rejection counts as no, and so does no answer within a third of `holdMs`. */
  lead(name: string, holdMs: number): Promise<boolean>
  /** Gives the lead back. */
  resign(name: string): Promise<void>
}

/**
 * A lead kept in a table of PostgreSQL or PGlite, `tierstack_leases`, which is made when it is missing. Counts by the
 * server's clock.
 */
export function sqlLeader(client: QueryClient): Leader {
  if (typeof client?.query !== 'function') throw expectation('client', 'a client with `query`', client)
  const holder = randomUUID()
  let made: Promise<unknown> | undefined
  const make = () => {
    made ??= client
      .query(
        `CREATE TABLE IF NOT EXISTS tierstack_leases (
          name text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL
        )`,
        [],
      )
      .catch((error: unknown) => {
        made = undefined
        throw error
      })
    return made
  }
  return {
    async lead(name, holdMs) {
      await make()
      const answer = await client.query(
        `INSERT INTO tierstack_leases AS l VALUES ($1, $2, now() + $3 * interval '1 millisecond')
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE l.holder = excluded.holder OR l.until < now()
        RETURNING holder`,
        [name, holder, holdMs],
      )
      const rows: readonly object[] = 'rows' in answer ? answer.rows : answer
      return rows.length > 0
    },
    async resign(name) {
      await make()
      await client.query('DELETE FROM tierstack_leases WHERE name = $1 AND holder = $2', [name, holder])
    },
  }
}

/** A client of ioredis, iovalkey or node-redis. */
export type CommandClient =
  | { call(command: string, ...words: string[]): Promise<unknown> }
  | { sendCommand(words: string[]): Promise<unknown> }

const extend = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') and 1 or 0`
const leave = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

/** A lead kept in Redis, under `<prefix>:<name>`. */
export function redisLeader(client: CommandClient, prefix = 'ts:leader'): Leader {
  const holder = randomUUID()
  const send = (...words: string[]): Promise<unknown> => {
    const [command = '', ...rest] = words
    return 'call' in client ? client.call(command, ...rest) : client.sendCommand(words)
  }
  if (typeof client !== 'object' || client === null || !('call' in client || 'sendCommand' in client))
    throw expectation('client', 'a client of ioredis, iovalkey or node-redis', client)
  return {
    lead: async (name, holdMs) =>
      Number(await send('EVAL', extend, '1', `${prefix}:${name}`, holder, String(Math.ceil(holdMs)))) === 1,
    resign: async (name) => {
      await send('EVAL', leave, '1', `${prefix}:${name}`, holder)
    },
  }
}
