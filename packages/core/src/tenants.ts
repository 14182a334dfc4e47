import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cache } from './cache.ts'
import { define } from './define.ts'
import type { Defined } from './defined.ts'
import type { Cached, Definition } from './definition.ts'
import { CacheError } from './errors.ts'
import { checkKeys, expectation } from './expectation.ts'
import type { KeyOf } from './key.ts'
import type { Policy } from './policy.ts'
import { makeScope, partsBelow } from './scope.ts'
import type { ScopeParts } from './scope-parts.ts'
import { namespaceTag } from './tags.ts'
import { isTenantName, tenantPath } from './tenant-name.ts'

type Any = (...args: never[]) => unknown

/** Parts of tenants that are kept ready; the one not used for the longest time is made anew when it comes back. */
const mostReady = 1_000
/** Tenants that are counted by name; further ones are counted together. */
const mostCounted = 100
const otherTenants = '(others)'

/**
 * Whose operation it is. Each tenant has a part of the cache of its own, a namespace by its name, so that nothing of
 * one can be had under the name of another: not a key, a tag, a flight, a batch of loads.
 */
export class Tenants {
  readonly #given: (() => unknown) | true
  readonly #chosen = new AsyncLocalStorage<string>()
  readonly #operations = new Map<string, number>()

  constructor(given: (() => unknown) | true) {
    this.#given = given
  }

  /** The tenant of the caller. Throws `NO_TENANT` when there is none: an operation without a tenant is never done. */
  current(): string {
    const tenant = this.#chosen.getStore() ?? (this.#given === true ? undefined : this.#given())
    if (!isTenantName(tenant)) {
      throw new CacheError(
        'NO_TENANT',
        `Expected \`tenant()\` to answer with the name of a tenant, 1 to 128 characters, got ${
          typeof tenant === 'string' ? `text of ${tenant.length} characters` : typeof tenant
        }`,
      )
    }
    return tenant
  }

  /** Runs `work`, and whatever it starts, for one tenant. */
  run<R>(tenant: string, work: () => R): R {
    if (!isTenantName(tenant)) throw expectation('tenant', 'a text of 1 to 128 characters', typeof tenant)
    return this.#chosen.run(tenant, work)
  }

  count(tenant: string): void {
    const operations = this.#operations
    const known = operations.get(tenant)
    const name = known !== undefined || operations.size < mostCounted ? tenant : otherTenants
    operations.set(name, (operations.get(name) ?? 0) + 1)
  }

  /** Operations by tenant, a bounded number of them by name. */
  operations(): Record<string, number> {
    return Object.fromEntries(this.#operations)
  }
}

/** One thing per tenant, made on first use. */
class PerTenant<T> {
  readonly #make: (tenant: string) => T
  readonly #tenants: Tenants
  readonly #ready = new Map<string, T>()

  constructor(tenants: Tenants, make: (tenant: string) => T) {
    this.#tenants = tenants
    this.#make = make
  }

  /** The one of the caller's tenant. */
  mine(): T {
    const tenant = this.#tenants.current()
    this.#tenants.count(tenant)
    return this.of(tenant)
  }

  of(tenant: string): T {
    const ready = this.#ready
    const known = ready.get(tenant)
    if (known !== undefined) {
      if (ready.size >= mostReady / 2) {
        ready.delete(tenant)
        ready.set(tenant, known)
      }
      return known
    }
    const made = this.#make(tenant)
    ready.set(tenant, made)
    if (ready.size > mostReady) {
      for (const oldest of ready.keys()) {
        ready.delete(oldest)
        break
      }
    }
    return made
  }
}

/** A method that answers with a promise, of the caller's tenant. */
function asking<T extends object>(each: PerTenant<T>, name: keyof T): Any {
  return (...args) => {
    try {
      return (each.mine()[name] as Any)(...args)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

/** A method that answers at once, of the caller's tenant. */
function answering<T extends object>(each: PerTenant<T>, name: keyof T): Any {
  return (...args) => (each.mine()[name] as Any)(...args)
}

const askingVerbs = [
  'get',
  'getOrSet',
  'getMany',
  'getOrSetMany',
  'set',
  'setMany',
  'has',
  'delete',
  'expire',
  'invalidateTags',
  'erase',
  'deletePattern',
  'write',
  'explain',
] as const satisfies readonly (keyof Cache)[]

const definitionVerbs = [
  'many',
  'settled',
  'entry',
  'set',
  'write',
  'update',
  'flush',
  'deadLetters',
  'discard',
  'retry',
  'delete',
  'expire',
  'refresh',
  'warm',
  'warmRows',
  'clear',
  'explain',
  'uncached',
] as const satisfies readonly (keyof Cached<KeyOf, unknown>)[]

/** A cache with tenants: every verb is that of the caller's tenant. `root` is the same cache without any. */
export function tenantScope(parts: ScopeParts, tenants: Tenants, root: Cache): Cache {
  const own = (tenant: string): ScopeParts => {
    const path = tenantPath(tenant)
    return { ...parts, path, tags: [namespaceTag(path)], claimLabel: () => {}, defined: [] }
  }
  return scopeOf(parts, tenants, own, () => root.clear())
}

function scopeOf(
  parts: ScopeParts,
  tenants: Tenants,
  own: (tenant: string) => ScopeParts,
  clearEvery: (() => Promise<unknown>) | undefined,
): Cache {
  const scopes = new PerTenant(tenants, (tenant) => makeScope(own(tenant)))
  const scope = {
    ...Object.fromEntries(askingVerbs.map((name) => [name, asking(scopes, name)])),
    peek: answering(scopes, 'peek'),
    clear: async (options: { readonly everyTenant?: boolean } = {}) => {
      checkKeys('clear options', options, ['everyTenant'])
      if (options.everyTenant !== true) return await scopes.mine().clear()
      if (clearEvery !== undefined) return await clearEvery()
      throw expectation('everyTenant', 'used on the whole cache, not on a namespace of it', true)
    },
    define: (definition: Definition<KeyOf, unknown>) => defineFor(parts, tenants, own, definition),
    wrap: (fn: never, options: never) => {
      // Made once for nobody, so that wrong options are refused now, and operators see it.
      makeScope(parts).wrap(fn, options)
      const wrapped = new PerTenant(tenants, (tenant) => makeScope(own(tenant)).wrap(fn, options))
      return Object.assign((...args: never[]) => calling(wrapped, args), {
        peek: answering(wrapped, 'peek'),
        delete: asking(wrapped, 'delete'),
        expire: asking(wrapped, 'expire'),
        clear: asking(wrapped, 'clear'),
        keyFor: answering(wrapped, 'keyFor'),
      })
    },
    namespace: (name: string, policy?: Policy) =>
      scopeOf(
        partsBelow(parts, name, policy),
        tenants,
        (tenant) => partsBelow(own(tenant), name, policy),
        undefined,
      ),
    typed: () => scope,
    ...parts.whole,
    [Symbol.asyncDispose]: () => parts.whole.close(),
  }
  return scope as unknown as Cache
}

function calling(each: PerTenant<object>, args: readonly never[]): Promise<unknown> {
  try {
    return (each.mine() as unknown as (...args: readonly never[]) => Promise<unknown>)(...args)
  } catch (error) {
    return Promise.reject(error)
  }
}

function defineFor(
  parts: ScopeParts,
  tenants: Tenants,
  own: (tenant: string) => ScopeParts,
  definition: Definition<KeyOf, unknown>,
): Cached<KeyOf, unknown> {
  if (definition.write === 'behind') {
    // The queue is emptied in the background, where nobody's tenant is at hand.
    throw expectation('write', "'invalidate' or 'through' in a cache with tenants", definition.write)
  }
  // Made once for nobody, so that a wrong definition is refused now.
  const made: Defined[] = []
  define({ ...parts, defined: made }, definition)
  const each = new PerTenant(tenants, (tenant) => define(own(tenant), definition))
  const cached = Object.assign((...args: never[]) => calling(each, args), {
    ...Object.fromEntries(definitionVerbs.map((name) => [name, asking(each, name)])),
    peek: answering(each, 'peek'),
    keyFor: answering(each, 'keyFor'),
  }) as unknown as Cached<KeyOf, unknown>
  parts.defined.push({ ...(made[0] as Defined), cached })
  return cached
}
