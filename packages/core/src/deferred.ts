import { AsyncLocalStorage } from 'node:async_hooks'
import type { Removal } from './bus.ts'
import type { Detours } from './detours.ts'

interface Scope {
  readonly keys: { hard: Set<string>; soft: Set<string> }
  readonly tags: { hard: Set<string>; soft: Set<string> }
  all: boolean
  /** Writes to be queued after the commit, in their order. */
  readonly writes: (() => Promise<void>)[]
  /** Committed or rolled back: what its work goes on to do is done at once. */
  over: boolean
}

/**
 * Removals made inside a transaction: collected, applied together after it, dropped when it throws. Reads inside
 * bypass the cache: the transaction sees rows that nobody else may.
 */
export class Deferral {
  readonly #scopes = new AsyncLocalStorage<Scope>()

  /** How many are open, so that reads outside of any don't pay for the look at the store. */
  #open = 0
  readonly #detours: Detours

  constructor(detours: Detours) {
    this.#detours = detours
  }

  /** Is the caller inside `deferred()`? */
  get active(): boolean {
    return this.#current() !== undefined
  }

  #current(): Scope | undefined {
    const scope = this.#open > 0 ? this.#scopes.getStore() : undefined
    return scope?.over ? undefined : scope
  }

  /** Collects a removal, if the caller is inside a transaction. Returns whether it did. */
  collect(removal: Removal): boolean {
    const scope = this.#current()
    if (scope === undefined) return false
    if (removal.kind === 'all') scope.all = true
    else if (removal.kind === 'keys') {
      for (const key of removal.keys) scope.keys[removal.soft ? 'soft' : 'hard'].add(key)
    } else for (const tag of removal.tags) scope.tags[removal.soft ? 'soft' : 'hard'].add(tag)
    return true
  }

  /** Keeps a write for after the commit, if the caller is inside a transaction. Returns whether it did. */
  postpone(write: () => Promise<void>): boolean {
    const scope = this.#current()
    scope?.writes.push(write)
    return scope !== undefined
  }

  /** Runs `work` in a scope of its own; gives what it collected to `apply` after `work` succeeded. A scope within another joins it. */
  async run<R>(
    work: () => Promise<R> | R,
    apply: (removals: readonly Removal[]) => Promise<void>,
  ): Promise<R> {
    if (this.active) return await work()
    const scope: Scope = {
      keys: { hard: new Set(), soft: new Set() },
      tags: { hard: new Set(), soft: new Set() },
      all: false,
      writes: [],
      over: false,
    }
    this.#open++
    this.#detours.count++
    let result: R
    try {
      result = await this.#scopes.run(scope, work)
    } finally {
      this.#open--
      this.#detours.count--
      scope.over = true
    }
    try {
      for (const write of scope.writes) await write()
    } finally {
      await apply(removalsOf(scope))
    }
    return result
  }
}

function removalsOf(scope: Scope): Removal[] {
  if (scope.all) return [{ kind: 'all' }]
  const removals: Removal[] = []
  for (const soft of [false, true]) {
    const keys = [...scope.keys[soft ? 'soft' : 'hard']]
    const tags = [...scope.tags[soft ? 'soft' : 'hard']]
    if (keys.length > 0) removals.push({ kind: 'keys', keys, soft })
    if (tags.length > 0) removals.push({ kind: 'tags', tags, soft })
  }
  return removals
}
