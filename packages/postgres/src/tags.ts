import { createHash } from 'node:crypto'
import type { Change } from './change-source.ts'

const longest = 512

/** Tables of the schema `public` go by their name alone. */
export function tableName(schema: string, table: string): string {
  return schema === 'public' ? table : `${schema}.${table}`
}

/**
 * The tag of what depends on any row of a table, such as a list or a count: the table's name, with its schema when
 * that isn't `public`.
 */
export function tableTag(table: string): string {
  return fitting(table)
}

/** The tag of what depends on one row: `users:42`. Parts of a compound key follow each other: `members:7:42`. */
export function rowTag(table: string, ...key: readonly (string | number | bigint)[]): string {
  return fitting([table, ...key].join(':'))
}

/** Carried beside `rowTag` by rows that are read by key: invalidated when it isn't known which rows changed. */
export function anyRowTag(table: string): string {
  return fitting(`${table}:*`)
}

/** Text of any key becomes a tag that the cache takes. */
function fitting(text: string): string {
  const plain = text.length <= longest && text[0] !== '!' && text.isWellFormed()
  return plain ? text : `#${createHash('sha256').update(text).digest('base64url')}`
}

/** The convention: a changed row concerns its own tag, and that of its table. */
export function tagsOfChange({ schema, table, key, formerKey }: Change): string[] {
  const name = tableName(schema, table)
  const tags = [tableTag(name)]
  tags.push(key === undefined ? anyRowTag(name) : rowTag(name, ...key))
  if (formerKey !== undefined) tags.push(rowTag(name, ...formerKey))
  return tags
}
