import type { LoadContext } from './load-context.ts'
import type { Codec } from './codec.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { ResolvedPolicy } from './policy.ts'
import type { StandardSchema } from './schema.ts'
import type { DefinitionCounters } from './stats.ts'

/** A definition, or one call with a raw key, as the chain reads it: everything resolved. */
export interface Query {
  /** Metric label; undefined for raw keys. */
  readonly def: string | undefined
  readonly version: string
  readonly policy: ResolvedPolicy
  readonly counters: DefinitionCounters
  /** Tags known before the load: those given, the definition's own, the namespace's, a raw key's prefixes. */
  tagsBefore(key: string): readonly string[]
  /** Tags computed from the loaded value. */
  readonly tagsOf: ((value: unknown, input: unknown) => readonly string[]) | undefined
  readonly load: ((input: unknown, context: LoadContext) => MaybePromise<unknown>) | undefined
  /** One `loadMany` of exactly these inputs, where the definition has one. */
  readonly loadAll:
    | ((inputs: readonly unknown[], signal: AbortSignal) => Promise<(at: number) => unknown>)
    | undefined
  /** True when `load` gathers the loads of a turn into one: the bulkhead then counts batches, not keys. */
  readonly batched: boolean
  readonly schema: StandardSchema<unknown> | undefined
  readonly codec: Codec | undefined
  /** Namespaces, joined by `/`; begins with `@` and the tenant, where there are tenants. */
  readonly path: string
  /** Never to leave the process unsealed. */
  readonly sensitive: boolean
}
