/** `name`: an identifier or keyword, its ASCII letters in lower case. `quoted`: an identifier as it is. */
export interface Token {
  readonly kind: 'name' | 'quoted' | 'literal' | 'number' | 'param' | 'symbol'
  readonly text: string
}

const patterns: readonly (readonly [Token['kind'] | 'nothing', RegExp])[] = [
  ['nothing', /\s+|--[^\r\n]*/y],
  ['literal', /[eE]'(?:[^'\\]|\\.|'')*'/sy],
  ['literal', /'(?:[^']|'')*'/y],
  ['quoted', /"(?:[^"]|"")*"/y],
  ['param', /\$\d+/y],
  ['literal', /(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$).*?\1/sy],
  ['name', /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ['number', /\d[\w.]*|\.\d+/y],
  ['symbol', /[^'"$]/y],
]

/**
 * The words of SQL, without comments. Undefined where a text can't be taken apart with certainty: unfinished quotes,
 * names with Unicode escapes.
 */
export function tokenize(sql: string): Token[] | undefined {
  if (/\bu&["']/i.test(sql)) return undefined
  const tokens: Token[] = []
  for (let at = 0; at < sql.length;) {
    if (sql.startsWith('/*', at)) {
      const end = endOfComment(sql, at)
      if (end === undefined) return undefined
      at = end
      continue
    }
    const found = match(sql, at)
    if (found === undefined) return undefined
    at += found.length
    const { kind, text } = found
    if (kind === 'name') tokens.push({ kind, text: identifier(text.replaceAll(/[A-Z]+/g, lower)) })
    else if (kind === 'quoted')
      tokens.push({ kind, text: identifier(text.slice(1, -1).replaceAll('""', '"')) })
    else if (kind !== 'nothing') tokens.push({ kind, text })
  }
  return tokens
}

function match(sql: string, at: number) {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const text = pattern.exec(sql)?.[0]
    if (text !== undefined) return { kind, text, length: text.length }
  }
  return undefined
}

const lower = (text: string): string => text.toLowerCase()

const longestIdentifier = 63

/** The database cuts longer ones. */
function identifier(text: string): string {
  if (text.length * 3 <= longestIdentifier || Buffer.byteLength(text) <= longestIdentifier) return text
  let cut = text.slice(0, longestIdentifier)
  while (Buffer.byteLength(cut) > longestIdentifier || !cut.isWellFormed()) cut = cut.slice(0, -1)
  return cut
}

/** Comments nest. */
function endOfComment(sql: string, start: number): number | undefined {
  let depth = 0
  for (let at = start; at < sql.length; at++) {
    if (sql.startsWith('/*', at)) {
      depth++
      at++
    } else if (sql.startsWith('*/', at)) {
      at++
      if (--depth === 0) return at + 1
    }
  }
  return undefined
}
