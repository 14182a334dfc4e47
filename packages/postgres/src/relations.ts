import type { Catalog } from './catalog.ts'
import type { Token } from './sql-tokens.ts'
import { isName, isSymbol } from './statement.ts'
import { tableName } from './tags.ts'

const endsFrom = new Set(
  'where group order having limit offset union intersect except window for fetch returning set on using values select'.split(
    ' ',
  ),
)
/** Functions whose arguments are separated by FROM. */
const withFrom = new Set(['extract', 'substring', 'trim', 'overlay', 'position'])

/** Names that stand where a relation does: known ones, and those that aren't, as tags would call them. */
export function relationsOf(
  tokens: readonly Token[],
  catalog: Catalog,
): { readonly known: readonly string[]; readonly unknown: readonly string[] } {
  const ctes = new Set(tokens.filter((_, i) => isCte(tokens, i)).map(({ text }) => text))
  const known: string[] = []
  const unknown: string[] = []
  for (const { schema, name } of relationNames(tokens)) {
    if (ctes.has(name)) continue
    if (catalog.relations.has(name)) known.push(name)
    else if (!catalog.opaque.has(name)) unknown.push(tableName(schema, name))
  }
  return { known, unknown }
}

/** `name AS (`, `name (columns) AS MATERIALIZED (` */
function isCte(tokens: readonly Token[], i: number): boolean {
  const token = tokens[i]
  if (token?.kind !== 'name' && token?.kind !== 'quoted') return false
  let at = i + 1
  if (isSymbol(tokens[at], '(')) {
    while (at < tokens.length && !isSymbol(tokens[at], ')')) at++
    at++
  }
  if (!isName(tokens[at], 'as')) return false
  at++
  while (isName(tokens[at], 'not', 'materialized')) at++
  if (!isSymbol(tokens[at], '(')) return false
  while (isSymbol(tokens[at], '(')) at++
  return isName(tokens[at], 'select', 'with', 'values', 'table', 'insert', 'update', 'delete', 'merge')
}

/** The names after FROM, JOIN, INTO, UPDATE, TABLE and USING, and after commas of a FROM list. */
function relationNames(tokens: readonly Token[]): { readonly schema: string; readonly name: string }[] {
  const names: { schema: string; name: string }[] = []
  // By depth of parentheses: are we in a list of relations, and which function are these the arguments of?
  const lists = [false]
  const functions: (string | undefined)[] = [undefined]
  let next = false
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token
    const { kind, text } = token
    if (isSymbol(token, '(')) {
      const before = tokens[i - 1]
      functions.push(before?.kind === 'name' ? before.text : undefined)
      // Within parentheses in a list there are relations again, or a query of its own.
      lists.push(next)
    } else if (isSymbol(token, ')')) {
      functions.pop()
      lists.pop()
      next = false
    } else if (isSymbol(token, ',')) next = lists.at(-1) === true
    else if (kind === 'name' && opensList(tokens, i, functions.at(-1))) {
      lists[lists.length - 1] = text === 'from' || text === 'using' || lists.at(-1) === true
      next = true
    } else if (next && isName(token, 'only', 'lateral', 'exists', 'if', 'not')) continue
    else if (kind === 'name' && endsFrom.has(text)) {
      lists[lists.length - 1] = false
      next = false
    } else if (next && (kind === 'name' || kind === 'quoted')) {
      let last = i
      while (isSymbol(tokens[last + 1], '.')) last += 2
      // A function in place of a relation is looked at as a function.
      const call = isSymbol(tokens[last + 1], '(') && !isName(tokens[i - 1], 'into')
      const schema = last > i ? tokens[last - 2]?.text : undefined
      if (!call) names.push({ schema: schema ?? 'public', name: tokens[last]?.text ?? '' })
      i = last
      next = false
    }
  }
  return names
}

function opensList(tokens: readonly Token[], i: number, inside: string | undefined): boolean {
  const text = tokens[i]?.text ?? ''
  if (text === 'from')
    return (
      !withFrom.has(inside ?? '') &&
      // COPY t FROM STDIN
      !(isName(tokens[0], 'copy') && isName(tokens[i + 1], 'stdin', 'program')) &&
      !(isName(tokens[i - 1], 'distinct') && isName(tokens[i - 2], 'is', 'not'))
    )
  if (text === 'join' || text === 'into') return true
  // UPDATE t; not FOR UPDATE, ON CONFLICT DO UPDATE.
  if (text === 'update') return !isName(tokens[i - 1], 'for', 'key', 'do', 'on')
  if (text === 'table' || text === 'truncate') return i === 0 || isName(tokens[i - 1], 'truncate')
  return text === 'using' && isName(tokens[0], 'delete', 'merge')
}
