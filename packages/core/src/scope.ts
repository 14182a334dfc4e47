import { bypass } from './bypass.ts'
import type { Cache, EntryOptions, WrapOptions, Wrapped } from './cache.ts'
import { define } from './define.ts'
import type { Definition } from './definition.ts'
import { erase } from './erase.ts'
import type { EraseOptions } from './erase.ts'
import { CacheError } from './errors.ts'
import { checkKeys, expectation } from './expectation.ts'
import { explain } from './explain.ts'
import { checkName, prefixesOf, rawKey } from './key.ts'
import type { KeyOf } from './key.ts'
import type { LoadContext } from './load-context.ts'
import { gathered } from './load-many.ts'
import { Near } from './near.ts'
import { policyKeys, resolvePolicy } from './policy.ts'
import type { Policy, ResolvedPolicy } from './policy.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { Query } from './query.ts'
import { peek } from './peek.ts'
import { read } from './read.ts'
import { checkReadOptions, readKeys } from './read-options.ts'
import type { ReadOptions } from './read-options.ts'
import type { ScopeParts } from './scope-parts.ts'
import { namespaceTag, prefixTag, tagsIn } from './tags.ts'

const entryKeys = [...policyKeys, ...readKeys, 'tags'] as const

type Options = EntryOptions & ReadOptions

/** One part of a cache: the root, or a namespace. */
export function makeScope(parts: ScopeParts): Cache {
  const { chain, removals, path, policy, detours } = parts
  const counters = parts.counters('')
  const { keyHash } = chain
  const keyOf = (key: unknown) => rawKey(path, key, keyHash)
  // By the name of the entry where names are hashed: what is behind its kind tells it apart.
  const near = keyHash
    ? new Near(chain, { def: undefined, counters }, `${path}~`, (name) => `${path}~${name as string}`)
    : new Near(chain, { def: undefined, counters }, `${path}=`, keyOf)
  const nearby = (key: unknown) => near.hit(keyHash ? keyOf(key).slice(path.length + 1) : key)

  function policyOf(options: Options | undefined): ResolvedPolicy {
    if (options === undefined) return policy
    checkReadOptions(options, chain.names, entryKeys)
    return resolvePolicy(options, policy, chain.names)
  }

  function queryOf(key: unknown, options: Options | undefined, load: Query['load'], batched = false): Query {
    const own = [
      ...parts.tags,
      ...(typeof key === 'string' ? prefixesOf(key).map((prefix) => prefixTag(chain, path, prefix)) : []),
      ...tagsIn(chain, path, options?.tags ?? []),
    ]
    return {
      def: undefined,
      version: '',
      policy: policyOf(options),
      counters,
      tagsBefore: () => own,
      tagsOf: undefined,
      load,
      batched,
      loadAll: undefined,
      schema: undefined,
      codec: undefined,
      sensitive: false,
      path,
    }
  }

  const get = (key: unknown, options?: ReadOptions): Promise<unknown> => {
    try {
      if (detours.count > 0 && parts.bypassed()) return Promise.resolve(undefined)
      if (options === undefined) {
        const value = nearby(key)
        if (value !== undefined) return Promise.resolve(value)
      } else checkReadOptions(options, chain.names)
      return read(chain, queryOf(key, undefined, undefined), keyOf(key), key, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  const getOrSet = (
    key: unknown,
    load: (context: LoadContext) => MaybePromise<unknown>,
    options?: Options,
  ): Promise<unknown> => {
    try {
      if ((detours.count === 0 || !parts.bypassed()) && !overrides(options)) {
        const value = nearby(key)
        if (value !== undefined) return Promise.resolve(value)
      }
      const full = keyOf(key)
      if (typeof load !== 'function') throw expectation('load', 'a function', load)
      const query = queryOf(key, options, (_, context) => load(context))
      if (parts.bypassed()) return bypass(query, full, key, options?.signal)
      return read(chain, query, full, key, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  const scope = {
    get,
    peek: (key: unknown, options?: { readonly maxStale?: number }) => {
      if (detours.count > 0 && parts.bypassed()) return undefined
      const value = nearby(key)
      if (value !== undefined) return value
      if (options !== undefined) checkReadOptions(options, chain.names, ['maxStale'])
      return peek(chain, { def: undefined, counters }, keyOf(key), options?.maxStale)
    },
    getOrSet,
    getMany: (many: readonly unknown[], options?: ReadOptions) =>
      Promise.all(many.map((key) => get(key, options))),
    getOrSetMany: async (
      many: readonly string[],
      loadMany: (
        missing: readonly string[],
        context: { signal: AbortSignal },
      ) => MaybePromise<readonly unknown[]>,
      options?: Options,
    ) => {
      const load = gathered({
        name: 'getOrSetMany',
        load: undefined,
        loadMany: (inputs, signal) => loadMany(inputs as string[], { signal }),
        bulkhead: chain.bulkhead,
      })
      return await Promise.all(
        many.map((key) => {
          const full = keyOf(key)
          const query = queryOf(key, options, load, true)
          if (parts.bypassed()) return bypass(query, full, key, options?.signal)
          return read(chain, query, full, key, options)
        }),
      )
    },
    set: async (key: unknown, value: unknown, options?: Options) =>
      await parts.set(queryOf(key, options, undefined), keyOf(key), value, key),
    setMany: async (entries: Iterable<readonly [string, unknown]>, options?: Options) => {
      await Promise.all(
        [...entries].map(([key, value]) =>
          parts.set(queryOf(key, options, undefined), keyOf(key), value, key),
        ),
      )
    },
    has: async (key: unknown) => (await get(key)) !== undefined,
    delete: async (...many: unknown[]) =>
      await removals.keys(
        many.map((key) => keyOf(key)),
        false,
        policy,
      ),
    expire: async (...many: unknown[]) =>
      await removals.keys(
        many.map((key) => keyOf(key)),
        true,
        policy,
      ),
    invalidateTags: async (tags: string | readonly string[], options: { soft?: boolean } = {}) => {
      checkKeys('options', options, ['soft'])
      return await removals.tags(tagsIn(chain, path, [tags].flat()), options.soft === true, policy)
    },
    erase: async (tags: string | readonly string[], options: EraseOptions = {}) => {
      parts.opened()
      return await erase(parts, tagsIn(chain, path, [tags].flat()), options)
    },
    deletePattern: async (pattern: unknown) =>
      await removals.tags([prefixTag(chain, path, prefixOfPattern(pattern))], false, policy),
    clear: async () =>
      path === '' ? await removals.all(policy) : await removals.tags([namespaceTag(path)], false, policy),
    write: async (many: unknown, commit: () => unknown) => {
      if (typeof commit !== 'function')
        throw expectation('commit', 'a function that commits the write', commit)
      return await parts.write(
        [many].flat().map((key) => keyOf(key)),
        commit,
        policy,
      )
    },
    define: (definition: Definition<KeyOf, unknown>) => define(parts, definition),
    wrap: (fn: (...args: unknown[]) => unknown, options: WrapOptions<unknown[], unknown, string>) =>
      wrap(fn, options),
    namespace: (name: string, own?: Policy) => makeScope(partsBelow(parts, name, own)),
    typed: () => scope,
    explain: async (key: unknown) => await explain(chain, keyOf(key)),
    ...parts.whole,
    [Symbol.asyncDispose]: () => parts.whole.close(),
  }

  function wrap(
    fn: (...args: unknown[]) => unknown,
    options: WrapOptions<unknown[], unknown, string>,
  ): Wrapped<unknown[], unknown, string> {
    if (typeof fn !== 'function') throw expectation('fn', 'a function', fn)
    const { key, tags, ...rest } = options
    const cached = define(parts, {
      ...rest,
      load: (args: KeyOf) => fn(...(args as unknown[])),
      ...(key && { key: (args: KeyOf) => key(...(args as unknown[])) }),
      ...(tags && { tags: (value: unknown, args: KeyOf) => tags(value, ...(args as unknown[])) }),
    })
    return Object.assign((...args: unknown[]) => cached(args as KeyOf), {
      peek: (...args: unknown[]) => cached.peek(args as KeyOf),
      delete: (...args: unknown[]) => cached.delete(args as KeyOf),
      expire: (...args: unknown[]) => cached.expire(args as KeyOf),
      clear: () => cached.clear(),
      keyFor: (...args: unknown[]) => cached.keyFor(args as KeyOf),
    })
  }

  return scope as unknown as Cache
}

/** The parts of a namespace below. */
export function partsBelow(parts: ScopeParts, name: string, own: Policy = {}): ScopeParts {
  checkKeys('namespace policy', own, policyKeys)
  const { chain, path, policy } = parts
  const below = path === '' ? checkName('namespace', name, 64) : `${path}/${checkName('namespace', name, 64)}`
  return {
    ...parts,
    path: below,
    tags: [...parts.tags, namespaceTag(below)],
    policy: resolvePolicy(own, policy, chain.names),
  }
}

function overrides(options: Options | undefined): boolean {
  return (
    options !== undefined &&
    (options.maxStale !== undefined || options.forceFresh === true || options.skip !== undefined)
  )
}

/** `'user:123:*'` → `'user:123:'`. */
function prefixOfPattern(pattern: unknown): string {
  const prefix = typeof pattern === 'string' && pattern.endsWith(':*') ? pattern.slice(0, -1) : undefined
  if (prefix === undefined || /[*?[\]]/.test(prefix) || !prefixesOf(prefix).includes(prefix)) {
    throw new CacheError(
      'INVALID_KEY',
      `Expected a pattern of whole segments with \`:*\` at its end, such as 'user:123:*' (at most 8 segments), got \`${String(pattern)}\`; for anything else use tags`,
    )
  }
  return prefix
}
