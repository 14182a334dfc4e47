import type { Cached } from './definition.ts'
import type { Explanation } from './explain.ts'
import type { Inspected } from './inspected.ts'
import type { KeyOf } from './key.ts'
import type { Receipt } from './remove.ts'

/** A definition as operators see it: its policy resolved, and its callable. */
export interface Defined {
  readonly name: string
  readonly version: string
  /** Path of the namespace below the root, parts joined by `/`; empty at the root. */
  readonly namespace: string
  /** By tier, ms. */
  readonly ttl: Readonly<Record<string, number>>
  readonly swr: number
  readonly staleIfError: number
  readonly cached: Cached<KeyOf, unknown>
}

/** One entry, addressed by its full key: as events, `explain` and `keyFor` name it. */
export interface EntryByKey<N extends string = string> {
  /** Where the entry is and why it is fresh or not. */
  explain(): Promise<Explanation<N>>
  /** How the entry stands, its value included; undefined when there is none. Never loads. */
  entry(): Promise<Inspected<unknown, N> | undefined>
  delete(): Promise<Receipt<N>>
  /** Soft removal. */
  expire(): Promise<Receipt<N>>
}

/** The version in a full key of a definition: `path#name@version:input`; empty for a raw key. */
export function versionIn(key: string): string {
  return /^[^=~#]*#[^@]*@([^:]*):/.exec(key)?.[1] ?? ''
}
