import type { CatalogTable, KeyKind } from './catalog.ts'
import type { Token } from './sql-tokens.ts'
import { isName, isSymbol } from './statement.ts'
import type { Verb } from './statement.ts'

/** The primary key that a statement compares with, part by part; a key of one part may be one of several values. */
export interface KeyCondition {
  readonly table: string
  readonly parts: readonly { readonly kind: KeyKind; readonly values: readonly Token[] }[]
}

/** Rows of `key IN (…)` that are told apart; a longer list counts as the whole table. */
const mostRows = 100

const clauses = new Set('order limit offset group having window for fetch returning union'.split(' '))
/** Words that make rows depend on others, or a result exist without its row. */
const wider = new Set(
  'join union intersect except with using between having group distinct window grouping table'.split(' '),
)

/** The row that `… WHERE key = $1 AND …` speaks of, or those of `key IN ($1, $2)`; undefined when it may be others. */
export function keyCondition(
  verb: Verb,
  tokens: readonly Token[],
  table: CatalogTable,
): KeyCondition | undefined {
  if (table.key.length === 0 || !['read', 'update', 'delete'].includes(verb)) return undefined
  if (tokens.some(({ kind, text }) => kind === 'name' && wider.has(text))) return undefined
  if (tokens.filter((token) => isName(token, 'select')).length !== (verb === 'read' ? 1 : 0)) return undefined
  const where = tokens.findIndex((token) => isName(token, 'where'))
  if (where < 0) return undefined
  const before = tokens.slice(0, where)
  // A count of no rows is a row.
  if (verb === 'read' && before.some((token) => isSymbol(token, '('))) return undefined
  if (verb === 'update') {
    const set = before.slice(before.findIndex((token) => isName(token, 'set')))
    const moves = table.key.some(({ column }) => set.some(({ text }) => text === column))
    if (moves || set.some((token) => isName(token, 'from'))) return undefined
  }
  const end = tokens.findIndex(({ kind, text }, i) => i > where && kind === 'name' && clauses.has(text))
  const conditions = conjunction(tokens.slice(where + 1, end < 0 ? undefined : end))
  const parts: { kind: KeyKind; values: readonly Token[] }[] = []
  for (const { column, kind } of table.key) {
    const values = conditions
      .map((one) => comparedWith(one, column) ?? (table.key.length === 1 ? oneOf(one, column) : undefined))
      .find((found) => found !== undefined)
    if (kind === undefined || values === undefined) return undefined
    parts.push({ kind, values })
  }
  return { table: table.name, parts }
}

/** Conditions that must all hold. A part with an OR in it is one condition, and not a comparison. */
function conjunction(tokens: readonly Token[]): (readonly Token[])[] {
  const inner = unwrapped(tokens)
  const parts: Token[][] = [[]]
  let depth = 0
  for (const token of inner) {
    if (isSymbol(token, '(')) depth++
    if (isSymbol(token, ')')) depth--
    if (depth === 0 && isName(token, 'or')) return [inner]
    if (depth === 0 && isName(token, 'and')) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts.length === 1 ? [inner] : parts.flatMap(conjunction)
}

/** Without parentheses around all of it. */
function unwrapped(tokens: readonly Token[]): readonly Token[] {
  if (!isSymbol(tokens[0], '(') || !isSymbol(tokens.at(-1), ')')) return tokens
  let depth = 0
  for (const [i, token] of tokens.entries()) {
    if (isSymbol(token, '(')) depth++
    if (isSymbol(token, ')') && --depth === 0 && i < tokens.length - 1) return tokens
  }
  return unwrapped(tokens.slice(1, -1))
}

/** The value in `column = value`, `"t"."column" = $1::type`, or the other way round. */
function comparedWith(tokens: readonly Token[], column: string): readonly Token[] | undefined {
  const equals = tokens.findIndex((token) => isSymbol(token, '='))
  if (equals < 0) return undefined
  const sides = [tokens.slice(0, equals), tokens.slice(equals + 1)] as const
  for (const [one, other] of [sides, sides.toReversed() as unknown as typeof sides]) {
    if (!isColumn(one, column)) continue
    const value = constant(other)
    return value && [value]
  }
  return undefined
}

/** The values in `column IN ($1, $2)`. */
function oneOf(tokens: readonly Token[], column: string): readonly Token[] | undefined {
  const at = tokens.findIndex((token) => isName(token, 'in'))
  const list = tokens.slice(at + 1)
  if (at < 0 || !isColumn(tokens.slice(0, at), column)) return undefined
  if (!isSymbol(list[0], '(') || !isSymbol(list.at(-1), ')')) return undefined
  const items: Token[][] = [[]]
  for (const token of list.slice(1, -1)) {
    if (isSymbol(token, ',')) items.push([])
    else items.at(-1)?.push(token)
  }
  if (items.length > mostRows) return undefined
  const values = items.map(constant)
  return values.every((value) => value !== undefined) ? values : undefined
}

function isColumn(tokens: readonly Token[], column: string): boolean {
  const last = tokens.at(-1)
  if ((last?.kind !== 'name' && last?.kind !== 'quoted') || last.text !== column) return false
  return tokens.every((token, i) =>
    (tokens.length - 1 - i) % 2 === 0
      ? token.kind === 'name' || token.kind === 'quoted'
      : isSymbol(token, '.'),
  )
}

function constant(tokens: readonly Token[]): Token | undefined {
  const [value, ...cast] = tokens
  if (value?.kind !== 'param' && value?.kind !== 'number' && value?.kind !== 'literal') return undefined
  const plain = cast.length === 0
  const typed =
    cast.length === 3 && isSymbol(cast[0], ':') && isSymbol(cast[1], ':') && isName(cast[2], ...harmless)
  return plain || typed ? value : undefined
}

/** Casts that leave a key as it is written, or fail. */
const harmless = 'int int2 int4 int8 integer smallint bigint text varchar uuid'.split(' ')

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The keys as the server prints them, each once; undefined when that can't be told from the values. */
export function keyTexts({ parts }: KeyCondition, given: readonly unknown[]): string[][] | undefined {
  const texts: (string | undefined)[][] = parts.map(({ kind, values }) =>
    values.map((value) =>
      partText(kind, value.kind === 'param' ? given[Number(value.text.slice(1)) - 1] : literal(value)),
    ),
  )
  if (texts.flat().includes(undefined)) return undefined
  const [first = []] = texts as string[][]
  if (parts.length === 1) return [...new Set(first)].map((text) => [text])
  return [(texts as string[][]).flat()]
}

function literal({ kind, text }: Token): unknown {
  if (kind === 'number') return text
  // Escapes are left to those who know them.
  return /^'[^'\\]*'$/.test(text) ? text.slice(1, -1) : undefined
}

function partText(kind: KeyKind, given: unknown): string | undefined {
  if (kind === 'integer') {
    if (typeof given === 'number') return Number.isSafeInteger(given) ? String(given + 0) : undefined
    if (typeof given === 'bigint') return String(given)
    return typeof given === 'string' && /^-?\d{1,19}$/.test(given) ? String(BigInt(given)) : undefined
  }
  if (typeof given !== 'string') return undefined
  if (kind === 'text') return given
  const lower = given.toLowerCase()
  return uuid.test(lower) ? lower : undefined
}
