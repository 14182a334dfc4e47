import { hash } from 'node:crypto'
import { checkKeys, expectation } from '@tierstack/cache-core'
import type { LoadContext, Policy, Receipt, Removal } from '@tierstack/cache-core'
import { Connection } from './cached-connection.ts'
import type { Asked, CachedConnection, Planned, SharedQueries } from './cached-connection.ts'
import { canonical } from './canonical.ts'
import type { SqlRow } from './connection.ts'
import { keyTexts } from './key-condition.ts'
import { KnownPlans } from './known-plans.ts'
import type { Plan } from './plan.ts'
import { checkTables } from './option-checks.ts'
import { everything } from './written-tags.ts'
import { Unsettled } from './unsettled.ts'
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
  /**
   * For clients that read from a replica: `current` of `replicaReads`. A result is only stored when it resolves to true
   * before the query is sent; else it is given to those who wait for it, and is not kept. @default the client reads from the primary
   */
  readonly current?: () => Promise<boolean>
}

export const cachedQueriesOptionNames = [
  'cache',
  'query',
  'tables',
  'policy',
  'scope',
  'queued',
  'current',
] as const

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
  if (options.current !== undefined && typeof options.current !== 'function')
    throw expectation('current', 'a function, that of `replicaReads`', options.current)
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
  readonly #current: CachedQueriesOptions['current']
  readonly #unsettled: Unsettled
  readonly #plans: KnownPlans
  constructor({ cache, query, tables, policy, scope = () => '', queued, current }: CachedQueriesOptions) {
    this.#cache = cache
    // A slow query is the database's business, and an error belongs to the one statement that met it.
    this.#entries = cache.namespace('sql', {
      isolation: 'clone',
      errorTtl: 0,
      timeouts: { hard: Number.POSITIVE_INFINITY },
      ...policy,
    })
    this.#query = query
    this.#plans = new KnownPlans((text) => this.#ask(text))
    this.#tables = tables && new Set(tables)
    this.#scope = scope
    this.#queued = queued
    this.#current = current
    this.#unsettled = new Unsettled(
      (text) => this.#ask(text),
      (tags) => this.invalidate(tags),
    )
  }

  connection(): CachedConnection {
    return new Connection(this)
  }

  plans(text: string): Promise<Planned> {
    return this.#plans.of(text)
  }

  forget(): void {
    this.#plans.forget()
  }

  mayCache({ verb, uncached, tables }: Plan): boolean {
    const listed = this.#tables
    return (
      verb === 'read' && uncached === undefined && (!listed || tables.every((table) => listed.has(table)))
    )
  }

  read<R, S>(plan: Plan, place: string, asked: Asked<R, S>): Promise<R> {
    const { values, text, shape } = asked
    const inputs = canonical(values)
    // What can't be written down can't be a key.
    if (inputs === undefined) return asked.execute()
    const key = hash('sha256', `${place}\n${this.#scope()}\n${shape}\n${inputs}\n${text}`, 'base64url')
    const { row } = plan
    const keys = row && keyTexts(row, values)
    const tags =
      row && keys
        ? [...keys.map((one) => rowTag(row.table, ...one)), anyRowTag(row.table)]
        : plan.tables.map((table) => tableTag(table))
    const stored = this.#entries.getOrSet(
      key,
      async (context) => {
        if (this.#current && !(await this.#current())) context.skip()
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
    const removal: Removal = tags.has(everything)
      ? { kind: 'all' }
      : { kind: 'tags', tags: [...tags], soft: false }
    const receipt = await this.#cache.changed(removal, { origin: 'local' })
    if (receipt.queued.length === 0 && receipt.bus !== 'queued') return
    try {
      this.#queued?.(receipt)
    } catch {
      // A listener breaks nothing.
    }
  }

  unsettled(tags: ReadonlySet<string>): void {
    this.#unsettled.add(tags)
  }

  async #ask(text: string): Promise<SqlRow[]> {
    const answer = await this.#query(text)
    return [...('rows' in answer ? answer.rows : answer)] as SqlRow[]
  }
}
