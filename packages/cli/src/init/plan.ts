import type { Table } from './introspect.ts'

export const tierNames = ['memory', 'redis', 'sqlite'] as const
export type TierName = (typeof tierNames)[number]

/** What is to be set up. */
export interface Plan {
  readonly namespace: string
  readonly tiers: readonly TierName[]
  /** Tables with their columns, or the names of tables about which nothing is known. */
  readonly tables: readonly Table[]
  /** Whether changes of the database are followed. */
  readonly feed: boolean
}

/** A file to be written, its path relative to the folder of the app. */
export interface PlannedFile {
  readonly path: string
  readonly content: string
}

/** `user_accounts` → `UserAccount`: the type of one row. */
export function typeName({ name }: Table): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  const last = words.pop() ?? 'row'
  const parts = [...words, singular(last)].map((word) => word[0]?.toUpperCase() + word.slice(1))
  const joined = parts.join('')
  return /^[A-Za-z]/.test(joined) ? joined : `Row${joined}`
}

/** `UserAccount` → `userAccount`: the first part of names. */
export function variableName(table: Table): string {
  const type = typeName(table)
  return (type[0] ?? '').toLowerCase() + type.slice(1)
}

/** As the change feed names tables: without `public`. */
export function feedName({ schema, name }: Table): string {
  return schema === 'public' ? name : `${schema}.${name}`
}

function singular(word: string): string {
  if (/(s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2)
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word
}
