import { expectation, parseDuration } from '@tierstack/cache-core'
import type { Duration } from '@tierstack/cache-core'
import type { ConnectionOptions } from './connection.ts'

export function checkConnection(given: unknown): ConnectionOptions {
  if (typeof given === 'string' && given !== '') return given
  if (typeof given === 'object' && given !== null) return given as ConnectionOptions
  throw expectation('connection', 'a connection string or the configuration of a `pg` client', given)
}

/** Tables as `schema.table` are two parts; a name alone is of the schema `public`. */
export function checkTables(given: unknown): readonly string[] | undefined {
  if (given === undefined) return undefined
  const names = Array.isArray(given) && given.every((name) => typeof name === 'string' && name !== '')
  if (!names || given.length === 0) throw expectation('tables', 'a list of table names', given)
  return [...new Set(given as string[])]
}

export function checkBoolean(name: string, given: unknown): boolean {
  if (given === undefined) return false
  if (typeof given !== 'boolean') throw expectation(name, 'true or false', given)
  return given
}

export function atLeast(name: string, given: Duration, least: number): number {
  const ms = parseDuration(name, given)
  if (ms < least || !Number.isFinite(ms)) throw expectation(name, `a duration of at least ${least} ms`, given)
  return ms
}
