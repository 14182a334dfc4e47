/** The parts that postgres.js makes a query of. */
export interface QueryParts {
  readonly strings: readonly string[]
  readonly args: readonly unknown[]
}

export interface QueryText {
  readonly text: string
  readonly values: readonly unknown[]
  /** A helper is in it whose text only postgres.js knows. */
  readonly opaque: boolean
}

/** Stands for what a helper makes: nothing that names a row. */
const anything = ' (select 1) '

/** The text that a query will have, as far as it can be told. */
export function queryText(query: QueryParts): QueryText {
  const values: unknown[] = []
  let opaque = false
  const textOf = ({ strings, args }: QueryParts): string => {
    // `unsafe` brings its placeholders along.
    if (strings.length === 1 && args.length > 0) {
      values.push(...args.map(valueOf))
      return strings[0] ?? ''
    }
    return strings.map((text, i) => text + (i < args.length ? argument(args[i]) : '')).join('')
  }
  const argument = (arg: unknown): string => {
    if (isQuery(arg)) return textOf(arg)
    const kind = typeof arg === 'object' && arg !== null ? arg.constructor?.name : ''
    if (kind === 'Identifier') return (arg as { readonly value: string }).value
    if (kind === 'Builder') {
      opaque = true
      return anything
    }
    values.push(valueOf(arg))
    return `$${values.length}`
  }
  return { text: textOf(query), values, opaque }
}

function isQuery(arg: unknown): arg is QueryParts {
  return typeof arg === 'object' && arg !== null && 'strings' in arg && 'args' in arg
}

/** A typed parameter is its value and its type. */
function valueOf(arg: unknown): unknown {
  if (typeof arg !== 'object' || arg?.constructor?.name !== 'Parameter') return arg
  const { value, type } = arg as unknown as { readonly value: unknown; readonly type: unknown }
  return [value, type]
}
