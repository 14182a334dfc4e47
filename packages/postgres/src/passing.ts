import type { Token } from './sql-tokens.ts'
import { isSymbol } from './statement.ts'

/** Names by which a text depends on more than its values and the rows of tables. */
export interface PassingNames {
  /** Relations whose contents change without a statement on a table that is known, or differ by reader. */
  readonly opaque: ReadonlySet<string>
  /** Functions whose result isn't given by their arguments and the tables. */
  readonly unstable: ReadonlySet<string>
}

const moments = new Set(
  `current_timestamp current_date current_time localtime localtimestamp current_user session_user user current_role
   current_schema current_catalog tablesample`.split(/\s+/),
)
/** Stable within a statement only, or by session. */
const passing =
  /^(?:now|age|transaction_timestamp|statement_timestamp|row_security_active)$|^(?:pg|has|inet|txid|to_reg|current)_|_to_xml|_description$/
const longestMoment = 40
const moment = /^\W*(?:now|today|tomorrow|yesterday)\b|\b(?:now|today|tomorrow|yesterday)\W*$/i

/** May a text be a moment to the database, such as `today 10:00`? */
export function saysMoment(text: string): boolean {
  return text.length <= longestMoment && moment.test(text)
}

/** Why what it reads can't be told by its tables; undefined when it can. */
export function whyPassing(tokens: readonly Token[], { opaque, unstable }: PassingNames): string | undefined {
  for (const [i, token] of tokens.entries()) {
    const { kind, text } = token
    if (kind === 'literal' && saysMoment(text)) return `it asks for ${text}`
    if (kind !== 'name' && kind !== 'quoted') continue
    if (opaque.has(text)) return `\`${text}\` changes without a statement that tells so, or differs by reader`
    if (kind === 'name' && moments.has(text) && !isSymbol(tokens[i - 1], '.')) return `it asks for ${text}`
    if (!isSymbol(tokens[i + 1], '(')) continue
    if (unstable.has(text) || passing.test(text)) return `it calls ${text}`
  }
  return undefined
}
