import { audited } from './audited.ts'
import { bypass } from './bypass.ts'
import type { Defined } from './defined.ts'
import type { Cached, Definition, NextRows, WarmOptions, WarmReport } from './definition.ts'
import { queryOf } from './define-query.ts'
import { writer } from './define-write.ts'
import { parseDuration } from './duration.ts'
import type { Duration } from './duration.ts'
import { checkKeys, checkOneOf, expectation } from './expectation.ts'
import { explain, inspect } from './explain.ts'
import { canonical } from './key.ts'
import type { KeyOf } from './key.ts'
import { Near } from './near.ts'
import { peek } from './peek.ts'
import { read } from './read.ts'
import { readMany } from './read-many.ts'
import { checkReadOptions } from './read-options.ts'
import type { ReadOptions } from './read-options.ts'
import type { Receipt } from './remove.ts'
import type { ScopeParts } from './scope-parts.ts'
import { definitionTag } from './tags.ts'
import { tenantOf } from './tenant-name.ts'
import { warm } from './warm.ts'
import { warmRows } from './warm-rows.ts'

const flushMs = 30_000

const nothingWarmed: WarmReport = { loaded: 0, skipped: 0, errors: [], ms: 0 }

/** Makes the callable of a definition, on record if it asks for that. */
export function define(parts: ScopeParts, definition: Definition<KeyOf, unknown>): Cached<KeyOf, unknown> {
  if (!checkOneOf('audit', definition.audit ?? false, [true, false])) return defineOpenly(parts, definition)
  const { audit } = parts
  if (audit === undefined)
    throw expectation('audit', 'given to `createCache`, as the definition asks for it', undefined)
  const made: Defined[] = []
  const open = defineOpenly({ ...parts, defined: made }, definition)
  const cached = audited(open, audit, { definition: definition.name, tenant: tenantOf(parts.path) })
  parts.defined.push({ ...(made[0] as Defined), cached })
  return cached
}

function defineOpenly(parts: ScopeParts, definition: Definition<KeyOf, unknown>): Cached<KeyOf, unknown> {
  const { chain, removals, detours } = parts
  const { key } = definition
  const { keyHash } = chain
  const given = (input: KeyOf): unknown => (key === undefined ? input : key(input))
  // Without the version: who knows a key's name in one knows it in those beside.
  const hashed = `${parts.path}#${definition.name}\0`
  const partOf = keyHash ? (input: KeyOf) => keyHash.hash(hashed + canonical(given(input))) : given
  let prefix = ''
  const keyOfPart = keyHash
    ? (part: unknown) => `${prefix}k${part as string}`
    : (part: unknown) => prefix + canonical(part)
  const keyOf = (input: KeyOf) => keyOfPart(partOf(input))
  const { query, label, written, behind, beside, apart } = queryOf(parts, definition, (own) => {
    prefix = own
    return keyOf
  })
  const near = new Near(chain, query, keyHash ? `${prefix}k` : prefix, keyOfPart)
  const besides = (keys: readonly string[]) => beside.flatMap((other) => keys.map(other.keyOf))
  const keysOf = (inputs: readonly KeyOf[]) => {
    const keys = inputs.map(keyOf)
    return beside.length === 0 ? keys : [...keys, ...besides(keys)]
  }
  /** After a write here, the versions beside this one have an old value. */
  const changedBeside = async (input: KeyOf) => {
    if (beside.length > 0) await removals.keys(besides([keyOf(input)]), false, query.policy)
  }

  // No `async` here: a hit is one promise, and each async layer would cost another.
  const call = (input: KeyOf, options?: ReadOptions): Promise<unknown> => {
    try {
      if (detours.count > 0 && parts.bypassed()) return bypass(apart(), keyOf(input), input, options?.signal)
      if (options !== undefined) {
        checkReadOptions(options, chain.names)
        return read(chain, query, keyOf(input), input, options)
      }
      const value = near.hit(partOf(input))
      if (value !== undefined) return Promise.resolve(value)
      const { absent } = near
      return read(chain, query, keyOf(input), input, undefined, absent)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  const each = (inputs: readonly KeyOf[], options?: ReadOptions): Promise<unknown>[] => {
    if (!parts.bypassed()) return inputs.map((input) => call(input, options))
    // A transaction sees rows that nobody else may: its loads never gather with those from outside.
    const own = apart()
    return inputs.map(async (input) => await bypass(own, keyOf(input), input, options?.signal))
  }

  const writing = writer(parts, definition, written, query, behind)
  const write = async (input: KeyOf, given: unknown) => {
    try {
      return await writing(input, given)
    } finally {
      await changedBeside(input)
    }
  }

  const cached = Object.assign(call, {
    peek: (input: KeyOf) => {
      if (detours.count > 0 && parts.bypassed()) return undefined
      const value = near.hit(partOf(input))
      return value === undefined ? peek(chain, query, keyOf(input)) : value
    },
    many: async (inputs: readonly KeyOf[], options?: ReadOptions) =>
      options === undefined && !parts.bypassed()
        ? await readMany(chain, query, inputs, {
            hit: (input) => near.hit(partOf(input)),
            absent: () => near.absent,
            keyOf,
          })
        : await Promise.all(each(inputs, options)),
    settled: async (inputs: readonly KeyOf[], options?: ReadOptions) =>
      await Promise.allSettled(each(inputs, options)),
    entry: async (input: KeyOf) => await inspect(chain, query, keyOf(input)),
    set: async (input: KeyOf, value: unknown) => {
      await parts.set(query, keyOf(input), value, input)
      await changedBeside(input)
    },
    write,
    update: async (input: KeyOf, change: (value: unknown) => unknown) =>
      await write(input, await change(await call(input, { forceFresh: true }))),
    flush: async (options: { readonly timeout?: Duration } = {}) => {
      checkKeys('flush options', options, ['timeout'])
      return (await behind?.writes.flush(parseDuration('timeout', options.timeout ?? flushMs))) ?? 0
    },
    deadLetters: async () => (await behind?.writes.dead()) ?? [],
    discard: async (...tokens: string[]) => await behind?.writes.discard(tokens),
    retry: async (...tokens: string[]) => await behind?.writes.retry(tokens),
    delete: async (...inputs: KeyOf[]) => await removals.keys(keysOf(inputs), false, query.policy),
    expire: async (...inputs: KeyOf[]) => await removals.keys(keysOf(inputs), true, query.policy),
    refresh: async (...inputs: KeyOf[]) => {
      await Promise.all(inputs.map((input) => call(input, { forceFresh: true })))
    },
    warm: async (inputs: Iterable<KeyOf> | AsyncIterable<KeyOf>, options?: WarmOptions) =>
      parts.bypassed() ? nothingWarmed : await warm(chain, query, keyOf, inputs, options),
    warmRows: async (next: NextRows<KeyOf, unknown>, options?: WarmOptions) =>
      parts.bypassed()
        ? nothingWarmed
        : await warmRows(chain, query, keyOf, next, { options, apart: behind !== undefined }),
    clear: (): Promise<Receipt> =>
      removals.tags([definitionTag(parts.path, label), ...beside.map(({ tag }) => tag)], false, query.policy),
    explain: async (input: KeyOf) => await explain(chain, keyOf(input)),
    keyFor: keyOf,
    uncached: async (input: KeyOf, options?: Pick<ReadOptions, 'signal'>) =>
      await bypass(apart(), keyOf(input), input, options?.signal),
  }) as Cached<KeyOf, unknown>
  const { ttls, swr, staleIfError } = query.policy
  parts.defined.push({
    name: definition.name,
    version: query.version,
    namespace: parts.path,
    ttl: Object.fromEntries(chain.names.map((name, i) => [name, ttls[i] as number])),
    swr,
    staleIfError,
    cached,
  })
  return cached
}
