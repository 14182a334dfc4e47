/*
 * Prisma's client makes one statement of the `findUnique`s of a tick: `SELECT … WHERE "t"."id" IN ($1,$2) OFFSET $3`.
 * Which rows come together is chance, and hardly ever the same twice: such a statement is cached row by row.
 */

interface Query {
  readonly sql: string
  readonly args: readonly unknown[]
  readonly argTypes: readonly unknown[]
}

interface Result {
  readonly columnNames: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
}

/** A statement for several values of one column. */
export interface BatchQuery {
  /** Texts of the values, each once. */
  readonly texts: readonly string[]
  /** The same statement for some of them. */
  queryFor(texts: readonly string[]): Query
  /** The value of a row; undefined where the result lacks the column. */
  textOf(result: Result, row: readonly unknown[]): string | undefined
}

const shape =
  /^(SELECT (.+) FROM ((?:"[^"]+"\.)?"[^"]+") WHERE (\3\."([^"]+)") IN )\(\$1(?:,\$\d+)+\) OFFSET \$(\d+)$/
/** More are one list: each would be an entry of its own. */
const mostValues = 100
/** Of other texts a collation may take two for the same. */
const plainText = /^[\w-]+$/

/** The batch that a statement is; undefined where it is another, or its values can't be told apart for certain. */
export function batchOf({ sql, args, argTypes }: Query): BatchQuery | undefined {
  const found = shape.exec(sql)
  if (found === null) return undefined
  const [, head = '', columns = '', , qualified = '', column = '', last] = found
  const offset = args.at(-1)
  const values = args.slice(0, -1)
  if (Number(last) !== args.length || Number(offset) !== 0) return undefined
  if (!columns.split(', ').includes(qualified)) return undefined
  const byText = new Map<string, { readonly value: unknown; readonly type: unknown }>()
  const alike = new Set<string>()
  for (const [i, value] of values.entries()) {
    const text = textOf(value)
    if (text === undefined) return undefined
    if (byText.has(text)) continue
    byText.set(text, { value, type: argTypes[i] })
    alike.add(text.toLowerCase().replaceAll(/[-_]/g, ''))
  }
  if (alike.size < byText.size || byText.size > mostValues) return undefined
  return {
    texts: [...byText.keys()],
    queryFor: (texts) => {
      const own = texts.map((text) => byText.get(text))
      const places = own.map((_, i) => `$${i + 1}`).join(',')
      return {
        sql: `${head}(${places}) OFFSET $${own.length + 1}`,
        args: [...own.map((one) => one?.value), offset],
        argTypes: [...own.map((one) => one?.type), argTypes.at(-1)],
      }
    },
    textOf: ({ columnNames }, row) => textOf(row[columnNames.indexOf(column)]),
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)))
    return String(value)
  return typeof value === 'string' && plainText.test(value) ? value : undefined
}

/** The rows of each value, of which those that are asked for in one turn are read by one statement. */
export class BatchRows<R extends Result> {
  readonly #batch: BatchQuery
  readonly #read: (query: Query) => Promise<R>
  #wanted = new Set<string>()
  #reading: Promise<(text: string) => R> | undefined

  constructor(batch: BatchQuery, read: (query: Query) => Promise<R>) {
    this.#batch = batch
    this.#read = read
  }

  /** Rejects with `Unlike` when a row is of none of the values. */
  async rowsOf(text: string): Promise<R> {
    this.#wanted.add(text)
    this.#reading ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#readAll())
    const of = await this.#reading
    return of(text)
  }

  async #readAll(): Promise<(text: string) => R> {
    const wanted = this.#wanted
    this.#wanted = new Set()
    this.#reading = undefined
    const result = await this.#read(this.#batch.queryFor([...wanted]))
    const byText = Map.groupBy(result.rows, (row) => this.#batch.textOf(result, row))
    for (const text of byText.keys()) if (text === undefined || !wanted.has(text)) throw new Unlike()
    return (text) => ({ ...result, rows: byText.get(text) ?? [] })
  }
}

/** A row was found that isn't equal to what it was found by: the database compares otherwise than by the text. */
export class Unlike extends Error {}
