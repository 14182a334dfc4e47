import type { Cascade, Catalog, CatalogTable } from './catalog.ts'
import { keyCondition } from './key-condition.ts'
import type { KeyCondition } from './key-condition.ts'
import { whyPassing } from './passing.ts'
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

export function planOf({ verb, tokens, chain }: Statement, catalog: Catalog): Plan {
  const named = tokens.flatMap((token) => mentioned(token, catalog))
  const { known, unknown } = relationsOf(tokens, catalog)
  const writing = tokens.some((token, i) => calls(tokens, i, catalog.writing) && token.kind !== 'symbol')
  const effective: Verb = writing && (verb === 'read' || verb === 'pass') ? 'anything' : verb
  const updates = tokens.some((token, i) => isName(token, 'do') && isName(tokens[i + 1], 'update'))
  const names = new Set(named.map(({ name }) => name))
  const { tables, again } = reached(names, { verb: effective, tokens, updates }, catalog)
  const all =
    effective === 'anything' || effective === 'schema' || (effective !== 'read' && unknown.length > 0)
  const single = known.length === 1 && !again && !all && named.every((table) => table.name === named[0]?.name)
  return {
    verb: effective,
    chain,
    tables: all ? [...new Set([...catalog.tables, ...unknown])] : [...tables],
    uncached: effective === 'read' ? reason(tokens, catalog, named, unknown) : undefined,
    row: single && named[0] ? keyCondition(effective, tokens, named[0]) : undefined,
    unknown: unknown.length > 0,
    updates: updates || all,
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
  unknown: readonly string[],
): string | undefined {
  if (named.length === 0) return 'it reads no table'
  if (unknown.length > 0) return 'it reads a relation that is not known'
  return whyPassing(tokens, catalog)
}

/** The tables that a write changes, and whether by foreign keys it comes back to one that it names. */
function reached(
  names: ReadonlySet<string>,
  { verb, tokens, updates }: { verb: Verb; tokens: readonly Token[]; updates: boolean },
  catalog: Catalog,
): { readonly tables: ReadonlySet<string>; readonly again: boolean } {
  const all = new Set(names)
  let again = false
  if (verb === 'read' || (verb === 'insert' && !updates)) return { tables: all, again }
  const set = verb === 'update' || verb === 'insert' ? assigned(tokens) : undefined
  const applies = ({ deletes, moves, columns }: Cascade): boolean =>
    set === undefined ? deletes || (verb !== 'delete' && moves) : moves && columns.some((one) => set.has(one))
  // A set that grows while it is walked.
  for (const name of all)
    for (const cascade of catalog.cascades.get(name) ?? []) {
      if (names.has(name) && !applies(cascade)) continue
      if (names.has(cascade.to)) again = true
      all.add(cascade.to)
    }
  return { tables: all, again }
}

/** Names in the SET of an update. */
function assigned(tokens: readonly Token[]): ReadonlySet<string> {
  const from = tokens.findIndex((token) => isName(token, 'set'))
  const where = tokens.findIndex((token, i) => i > from && isName(token, 'where'))
  const nested = tokens.some((token, i) => i > from && isName(token, 'select'))
  return new Set(tokens.slice(from + 1, where < 0 || nested ? undefined : where).map(({ text }) => text))
}
