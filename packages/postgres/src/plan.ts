import type { Catalog, CatalogTable } from './catalog.ts'
import { keyCondition } from './key-condition.ts'
import type { KeyCondition } from './key-condition.ts'
import { relationsOf } from './relations.ts'
import type { Token } from './sql-tokens.ts'
import { isName, isSymbol } from './statement.ts'
import type { Statement, Verb } from './statement.ts'

/** What a statement means for the cache. */
export interface Plan {
  readonly verb: Verb
  readonly chain: boolean
  /** Tables that it names, as tags call them; those that its writes reach by foreign keys too. */
  readonly tables: readonly string[]
  /** Why a read goes to the database each time; undefined when it may be cached. */
  readonly uncached: string | undefined
  /** The one row that it reads, changes or deletes, where it says so by the primary key. */
  readonly row: KeyCondition | undefined
  /** A name stands where a relation should, and isn't known: the structure may have changed. */
  readonly unknown: boolean
  /** Rows that exist may change: an insert that updates on conflict. */
  readonly updates: boolean
}

const moments = new Set(
  `current_timestamp current_date current_time localtime localtimestamp current_user session_user user current_role
   current_schema current_catalog tablesample`.split(/\s+/),
)
/** Stable within a statement only, or by session. */
const passing = new Set(
  'now age transaction_timestamp statement_timestamp current_setting txid_current to_regclass current_query'.split(
    ' ',
  ),
)
const momentLiterals = /^'(?:now|today|tomorrow|yesterday)'$/i

export function planOf({ verb, tokens, chain }: Statement, catalog: Catalog): Plan {
  const named = tokens.flatMap((token) => mentioned(token, catalog))
  const { known, unknown } = relationsOf(tokens, catalog)
  const writing = tokens.some((token, i) => calls(tokens, i, catalog.writing) && token.kind !== 'symbol')
  const effective: Verb = writing && (verb === 'read' || verb === 'pass') ? 'anything' : verb
  const names = new Set(named.map(({ name }) => name))
  const reaches = effective === 'read' ? names : cascaded(names, catalog)
  const tables = effective === 'anything' || effective === 'schema' ? catalog.tables : [...reaches]
  const single = known.length === 1 && named.every((table) => table.name === named[0]?.name)
  return {
    verb: effective,
    chain,
    tables,
    uncached: effective === 'read' ? reason(tokens, catalog, named, unknown) : undefined,
    row: single && named[0] ? keyCondition(effective, tokens, named[0]) : undefined,
    unknown,
    updates: tokens.some((token, i) => isName(token, 'do') && isName(tokens[i + 1], 'update')),
  }
}

function mentioned(token: Token, catalog: Catalog): readonly CatalogTable[] {
  return token.kind === 'name' || token.kind === 'quoted' ? (catalog.relations.get(token.text) ?? []) : []
}

function calls(tokens: readonly Token[], i: number, functions: ReadonlySet<string>): boolean {
  const token = tokens[i]
  const named = token?.kind === 'name' || token?.kind === 'quoted'
  return named && isSymbol(tokens[i + 1], '(') && functions.has(token.text)
}

function reason(
  tokens: readonly Token[],
  catalog: Catalog,
  named: readonly CatalogTable[],
  unknown: boolean,
): string | undefined {
  if (named.length === 0) return 'it reads no table'
  if (unknown) return 'it reads a relation that is not known'
  for (const [i, token] of tokens.entries()) {
    const { kind, text } = token
    if (kind === 'literal' && momentLiterals.test(text)) return `it asks for ${text}`
    if (kind !== 'name' && kind !== 'quoted') continue
    if (catalog.opaque.has(text))
      return `\`${text}\` changes without a statement that tells so, or differs by reader`
    if (kind === 'name' && moments.has(text) && !isSymbol(tokens[i - 1], '.')) return `it asks for ${text}`
    if (!isSymbol(tokens[i + 1], '(')) continue
    if (catalog.unstable.has(text) || passing.has(text) || text.startsWith('pg_')) return `it calls ${text}`
  }
  return undefined
}

function cascaded(names: ReadonlySet<string>, catalog: Catalog): Set<string> {
  const all = new Set(names)
  // A set that grows while it is walked.
  for (const name of all) for (const other of catalog.cascades.get(name) ?? []) all.add(other)
  return all
}
