import { hash } from 'node:crypto'
import { checkKeys, expectation } from '@tierstack/cache-core'
import type { LoadContext, Policy, Receipt, Removal } from '@tierstack/cache-core'
import { Connection } from './cached-connection.ts'
import type { Asked, CachedConnection, SharedQueries } from './cached-connection.ts'
import { canonical } from './canonical.ts'
import { readCatalog } from './catalog.ts'
import type { Catalog } from './catalog.ts'
import { keyTexts } from './key-condition.ts'
import { planOf } from './plan.ts'
import type { Plan } from './plan.ts'
import { statements } from './statement.ts'
import { tokenize } from './sql-tokens.ts'
import { checkTables } from './option-checks.ts'
import { anyRowTag, rowTag, tableTag } from './tags.ts'

/** The part of a cache that queries need. */
export interface QueryCache {
  namespace(name: string, policy?: Policy<never>): QueryEntries
  changed(removal: Removal, options?: { readonly origin?: 'local' | 'db' }): Promise<Receipt>
}

interface QueryEntries {
  getOrSet(
    key: string,
    load: (context: LoadContext) => Promise<unknown>,
    options?: { readonly tags?: readonly string[] },
  ): Promise<unknown>
}

export interface CachedQueriesOptions {
  /** The cache of `createCache`. */
  readonly cache: QueryCache
  /** Asks the database about its tables, views and functions: `(text) => pool.query(text)`. Not a cached client. */
  readonly query: (text: string) => PromiseLike<{ readonly rows: readonly unknown[] } | readonly unknown[]>
  /** Only queries all of whose tables are among these are cached. @default every table */
  readonly tables?: readonly string[]
  /** ttl and other policy of what is cached. @default the cache's */
  readonly policy?: Policy<never>
  /** Part of every key: what else a result depends on, such as the tenant of a `search_path`. @default '' */
  readonly scope?: () => string
  /**
   * Told when a write is done but its removal waits for a tier or for the bus: until they have it, other processes may
   * answer from before the write; this one doesn't. Errors that it throws are ignored. A cache with
   * `invalidation: 'strict'` refuses such a write instead, which is in the database all the same.
   */
  readonly queued?: (receipt: Receipt) => void
}

export const cachedQueriesOptionNames = ['cache', 'query', 'tables', 'policy', 'scope', 'queued'] as const

/** A statement text that changes with every use would fill any memory. */
const mostPlans = 2_000
const longestText = 100_000
const catalogLife = 60_000
const retryCatalog = 5_000

/** What an unreadable text may do. */
const unreadable: Plan = {
  verb: 'anything',
  chain: false,
  tables: [],
  uncached: undefined,
  row: undefined,
  unknown: false,
  updates: true,
}

/**
 * Caches the results of queries, with no keys and tags to write: the key is the statement with its values, the tags are
 * the tables that it names. Shared by the connections of one database; the adapters for clients and ORMs take it.
 */
export interface CachedQueries {
  /** A connection, with the transaction that it is in. For adapters. */
  connection(): CachedConnection
}

export function cachedQueries(options: CachedQueriesOptions): CachedQueries {
  checkKeys('cachedQueries options', options, cachedQueriesOptionNames)
  if (typeof options.query !== 'function')
    throw expectation('query', 'a function that asks the database', options.query)
  if (typeof options.cache?.changed !== 'function')
    throw expectation('cache', 'a cache of `createCache`', options.cache)
  if (options.queued !== undefined && typeof options.queued !== 'function')
    throw expectation('queued', 'a function that is given a receipt', options.queued)
  checkTables(options.tables)
  return new Queries(options)
}

class Queries implements CachedQueries, SharedQueries {
  readonly #cache: QueryCache
  readonly #entries: QueryEntries
  readonly #query: CachedQueriesOptions['query']
  readonly #tables: ReadonlySet<string> | undefined
  readonly #scope: () => string
  readonly #queued: CachedQueriesOptions['queued']
  readonly #plans = new Map<string, readonly Plan[]>()
  #catalog: Promise<Catalog> | undefined
  #readAt = 0

  constructor({ cache, query, tables, policy, scope = () => '', queued }: CachedQueriesOptions) {
    this.#cache = cache
    // A slow query is the database's business, and an error belongs to the one statement that met it.
    this.#entries = cache.namespace('sql', {
      isolation: 'clone',
      errorTtl: 0,
      timeouts: { hard: Number.POSITIVE_INFINITY },
      ...policy,
    })
    this.#query = query
    this.#tables = tables && new Set(tables)
    this.#scope = scope
    this.#queued = queued
  }

  connection(): CachedConnection {
    return new Connection(this)
  }

  async plans(text: string): Promise<{ plans: readonly Plan[]; catalog: Catalog }> {
    const catalog = await this.#known()
    const cached = this.#plans.get(text)
    if (cached) return { plans: cached, catalog }
    const plans = this.#planned(text, catalog)
    if (plans.some(({ unknown }) => unknown) && performance.now() - this.#readAt > retryCatalog) {
      this.forget()
      return await this.plans(text)
    }
    if (this.#plans.size >= mostPlans) this.#plans.clear()
    if (!plans.some(({ unknown }) => unknown)) this.#plans.set(text, plans)
    return { plans, catalog }
  }

  /** The structure of the database has changed. */
  forget(): void {
    this.#catalog = undefined
    this.#plans.clear()
  }

  mayCache({ verb, uncached, tables }: Plan): boolean {
    const listed = this.#tables
    return (
      verb === 'read' && uncached === undefined && (!listed || tables.every((table) => listed.has(table)))
    )
  }

  read<R, S>(plan: Plan, asked: Asked<R, S>): Promise<R> {
    const { values, text, shape } = asked
    const inputs = canonical(values)
    // What can't be written down can't be a key.
    if (inputs === undefined) return asked.execute()
    const key = hash('sha256', `${this.#scope()}\n${shape}\n${inputs}\n${text}`, 'base64url')
    const { row } = plan
    const keys = row && keyTexts(row, values)
    const tags =
      row && keys
        ? [...keys.map((one) => rowTag(row.table, ...one)), anyRowTag(row.table)]
        : plan.tables.map((table) => tableTag(table))
    const stored = this.#entries.getOrSet(
      key,
      async (context) => {
        const packed = asked.pack(await asked.execute())
        // A row that isn't there may be inserted.
        if (row && keys && asked.count(packed) < keys.length) context.tag(tableTag(row.table))
        return packed
      },
      { tags },
    )
    return stored.then((found) => asked.unpack(found as S))
  }

  async invalidate(tags: ReadonlySet<string>): Promise<void> {
    if (tags.size === 0) return
    const removal = { kind: 'tags', tags: [...tags], soft: false } as const
    const receipt = await this.#cache.changed(removal, { origin: 'local' })
    if (receipt.queued.length === 0 && receipt.bus !== 'queued') return
    try {
      this.#queued?.(receipt)
    } catch {
      // A listener breaks nothing.
    }
  }

  #planned(text: string, catalog: Catalog): readonly Plan[] {
    const tokens = text.length > longestText ? undefined : tokenize(text)
    if (tokens === undefined) return [{ ...unreadable, tables: catalog.tables }]
    return statements(tokens).map((one) => planOf(one, catalog))
  }

  #known(): Promise<Catalog> {
    if (performance.now() - this.#readAt > catalogLife) this.forget()
    if (this.#catalog === undefined) {
      this.#readAt = performance.now()
      this.#catalog = this.#read()
      this.#catalog.catch(() => this.forget())
    }
    return this.#catalog
  }

  #read(): Promise<Catalog> {
    return readCatalog(async (text) => {
      const answer = await this.#query(text)
      return [...('rows' in answer ? answer.rows : answer)] as { [column: string]: unknown }[]
    })
  }
}
