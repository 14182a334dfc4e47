import { PrismaPg } from '@prisma/adapter-pg'
import type { CachedQueries } from '@tierstack/cache-postgres'
import { cachedClient } from '@tierstack/cache-postgres/drizzle'
import { cachedDialect } from '@tierstack/cache-postgres/kysely'
import { cachedAdapter } from '@tierstack/cache-postgres/prisma'
import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable } from 'drizzle-orm/pg-core'
import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'

/** The same small application on every ORM, with no keys of its own. Versions only grow. */
export interface OrmApp {
  get(id: number): Promise<number>
  sum(): Promise<number>
  set(id: number, version: number): Promise<void>
  /** Writes and reads in a transaction, then commits it or rolls it back. */
  transaction(id: number, version: number, end: 'commit' | 'rollback'): Promise<void>
}

export const orms = ['drizzle', 'kysely', 'prisma'] as const
export type Orm = (typeof orms)[number]

const rolledBack = new Error('rolled back')
const unless = (error: unknown): void => {
  if (error !== rolledBack) throw error
}

function poolOf(connectionString: string): Pool {
  const pool = new Pool({ connectionString, max: 5 })
  pool.on('error', () => {})
  return pool
}

function onDrizzle(url: string, queries: CachedQueries): OrmApp {
  const db = drizzle({ client: cachedClient(poolOf(url), queries) })
  const things = pgTable('things', { id: integer('id').primaryKey(), v: integer('v').notNull() })
  return {
    get: async (id) => (await db.select({ v: things.v }).from(things).where(eq(things.id, id)))[0]?.v ?? -1,
    sum: async () => Number((await db.select({ v: sql`sum(${things.v})` }).from(things))[0]?.v),
    set: async (id, v) => void (await db.update(things).set({ v }).where(eq(things.id, id))),
    transaction: (id, v, end) =>
      db
        .transaction(async (tx) => {
          await tx.update(things).set({ v }).where(eq(things.id, id))
          await tx.select({ v: things.v }).from(things).where(eq(things.id, id))
          if (end === 'rollback') throw rolledBack
        })
        .catch(unless),
  }
}

function onKysely(url: string, queries: CachedQueries): OrmApp {
  const dialect = cachedDialect(new PostgresDialect({ pool: poolOf(url) }), queries)
  const db = new Kysely<{ things: { id: number; v: number } }>({ dialect })
  const row = (id: number) => db.selectFrom('things').select('v').where('id', '=', id)
  return {
    get: async (id) => (await row(id).executeTakeFirst())?.v ?? -1,
    sum: async () => {
      const found = await db
        .selectFrom('things')
        .select(({ fn }) => fn.sum('v').as('v'))
        .executeTakeFirst()
      return Number(found?.v)
    },
    set: async (id, v) => void (await db.updateTable('things').set({ v }).where('id', '=', id).execute()),
    transaction: (id, v, end) =>
      db
        .transaction()
        .execute(async (tx) => {
          await tx.updateTable('things').set({ v }).where('id', '=', id).execute()
          await tx.selectFrom('things').select('v').where('id', '=', id).executeTakeFirst()
          if (end === 'rollback') throw rolledBack
        })
        .catch(unless),
  }
}

/** Statements as Prisma's engine makes them, on its driver adapter: the client itself is made by a build step. */
function onPrisma(url: string, queries: CachedQueries): OrmApp {
  const connected = cachedAdapter(new PrismaPg({ connectionString: url, max: 5 }), queries).connect()
  const argType = { scalarType: 'int', arity: 'scalar' } as const
  const query = (text: string, ...args: number[]) => ({ sql: text, args, argTypes: args.map(() => argType) })
  const select =
    'SELECT "public"."things"."v" FROM "public"."things" WHERE ("public"."things"."id" = $1 AND 1=1)'
  const update = 'UPDATE "public"."things" SET "v" = $1 WHERE "public"."things"."id" = $2'
  const one = async (text: string, ...args: number[]) =>
    Number((await (await connected).queryRaw(query(text, ...args))).rows[0]?.[0])
  return {
    get: (id) => one(select, id),
    sum: () => one('SELECT SUM("v")::int FROM "things"'),
    set: async (id, v) => void (await (await connected).executeRaw(query(update, v, id))),
    async transaction(id, v, end) {
      const tx = await (await connected).startTransaction()
      await tx.executeRaw(query(update, v, id))
      await tx.queryRaw(query(select, id))
      await tx.executeRaw(query(end === 'commit' ? 'COMMIT' : 'ROLLBACK'))
      await (end === 'commit' ? tx.commit() : tx.rollback())
    },
  }
}

export const ormApps: Readonly<Record<Orm, (url: string, queries: CachedQueries) => OrmApp>> = {
  drizzle: onDrizzle,
  kysely: onKysely,
  prisma: onPrisma,
}
