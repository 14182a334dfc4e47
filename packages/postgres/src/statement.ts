import type { Token } from './sql-tokens.ts'

/** What a statement does, by its words alone. */
export type Verb =
  | 'read'
  | 'insert'
  | 'update'
  | 'delete'
  /** Writes what it names. */
  | 'write'
  /** Writes, and nobody knows what. */
  | 'anything'
  /** Changes the structure. */
  | 'schema'
  | 'begin'
  | 'commit'
  | 'rollback'
  /** Changes what later statements of the connection mean. */
  | 'session'
  /** Concerns neither rows nor transactions; or a read that must reach the database. */
  | 'pass'

export interface Statement {
  readonly verb: Verb
  readonly tokens: readonly Token[]
  /** `COMMIT AND CHAIN`, `ROLLBACK AND CHAIN`: another transaction begins at once. */
  readonly chain: boolean
}

const writes = new Set(['insert', 'update', 'delete', 'merge'])
const passing = new Set(
  'show listen unlisten notify lock declare fetch move close checkpoint deallocate vacuum analyze savepoint release load'.split(
    ' ',
  ),
)
const schema = new Set(
  'create alter drop grant revoke comment reindex refresh cluster import security reassign'.split(' '),
)

/** Takes a text apart into its statements. */
export function statements(tokens: readonly Token[]): Statement[] {
  const all: Token[][] = [[]]
  let open = 0
  for (const token of tokens) {
    const current = all.at(-1)
    if (open === 0 && isSymbol(token, ';')) all.push([])
    else current?.push(token)
    // The body of a function: its END ends no transaction.
    if (isName(token, 'atomic') && isName(current?.at(-2), 'begin')) open = 1
    else if (open > 0 && isName(token, 'case')) open++
    else if (open > 0 && isName(token, 'end')) open--
  }
  return all.filter((one) => one.length > 0).map(statement)
}

export function isName(token: Token | undefined, ...texts: readonly string[]): boolean {
  return token?.kind === 'name' && texts.includes(token.text)
}

export function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text
}

function statement(tokens: readonly Token[]): Statement {
  const words = tokens.filter(({ kind }) => kind === 'name').map(({ text }) => text)
  const chain = words.includes('chain') && !words.includes('no')
  return {
    verb: verbOf(
      tokens.find((token) => !isSymbol(token, '(')),
      words,
      tokens,
    ),
    tokens,
    chain,
  }
}

function verbOf(first: Token | undefined, words: readonly string[], tokens: readonly Token[]): Verb {
  const [, second] = words
  const word = first?.kind === 'name' ? first.text : ''
  switch (word) {
    case 'select':
    case 'with':
    case 'values':
    case 'table':
      return readVerb(tokens)
    case 'insert':
    case 'update':
    case 'delete':
      return word
    case 'merge':
    case 'copy':
      return 'write'
    case 'truncate':
      // It reaches every table that refers to these, with an action or without.
      return words.includes('cascade') ? 'anything' : 'write'
    case 'begin':
    case 'start':
      return 'begin'
    case 'commit':
    case 'end':
      return second === 'prepared' ? 'anything' : 'commit'
    case 'rollback':
    case 'abort':
      return words.includes('to') || second === 'prepared' ? 'pass' : 'rollback'
    case 'set':
      return second === 'local' || second === 'transaction' || second === 'constraints' ? 'pass' : 'session'
    case 'reset':
    case 'discard':
      return 'session'
    case 'explain':
      if (words.includes('execute')) return 'anything'
      return words.some((one) => writes.has(one)) ? 'write' : 'pass'
    case 'prepare':
      // Of a transaction: what it wrote appears with COMMIT PREPARED.
      return second === 'transaction' ? 'rollback' : 'pass'
    default:
      if (passing.has(word)) return 'pass'
      return schema.has(word) ? 'schema' : 'anything'
  }
}

function readVerb(tokens: readonly Token[]): Verb {
  let verb: Verb = 'read'
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'name') continue
    const after = tokens[i + 1]
    // FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE: takes locks. What is locked may be written by the same statement.
    if (token.text === 'for' && isName(after, 'update', 'no', 'share', 'key')) verb = 'pass'
    else if (writes.has(token.text) && !isName(tokens[i - 1], 'for', 'key') && !isSymbol(tokens[i - 1], '.'))
      return 'write'
    else if (token.text === 'into') return 'schema'
    else if (token.text === 'set_config' && isSymbol(after, '(') && !local(tokens, i)) verb = 'session'
  }
  return verb
}

/** `set_config(…, true)`: for the transaction only. */
function local(tokens: readonly Token[], call: number): boolean {
  const end = tokens.findIndex((token, i) => i > call && isSymbol(token, ')'))
  return isName(tokens[end - 1], 'true')
}
