import { AsyncLocalStorage } from 'node:async_hooks'
import type { Removal } from './bus.ts'
import type { Detours } from './detours.ts'

interface PostponedWrite {
  readonly key: string
  readonly queue: () => Promise<void>
}

interface Scope {
  readonly keys: { hard: Set<string>; soft: Set<string> }
  readonly tags: { hard: Set<string>; soft: Set<string> }
  all: boolean
  /** Writes to be queued after the commit, in their order. */
  readonly writes: PostponedWrite[]
  /** Committed or rolled back: what its work goes on to do is done at once, or belongs to the scope around it. */
  over: boolean
  readonly outer: Scope | undefined
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
    return this.#open > 0 ? openScope(this.#scopes.getStore()) : undefined
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
  postpone(key: string, queue: () => Promise<void>): boolean {
    const scope = this.#current()
    scope?.writes.push({ key, queue })
    return scope !== undefined
  }

  /**
   * Runs `work` in a scope of its own; gives what it collected to `apply` after `work` succeeded. A scope within another
   * joins it: its removals at once, its writes when it succeeded, as what is rolled back to a savepoint is never saved.
   */
  async run<R>(
    work: () => Promise<R> | R,
    apply: (removals: readonly Removal[]) => Promise<void>,
  ): Promise<R> {
    const outer = this.#current()
    if (outer) return await this.#within(outer, work)
    const scope: Scope = {
      keys: { hard: new Set(), soft: new Set() },
      tags: { hard: new Set(), soft: new Set() },
      all: false,
      writes: [],
      over: false,
      outer: undefined,
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
      await queueEach(scope.writes)
    } finally {
      await apply(removalsOf(scope))
    }
    return result
  }

  async #within<R>(outer: Scope, work: () => Promise<R> | R): Promise<R> {
    const { keys, tags } = outer
    const scope: Scope = { keys, tags, all: false, writes: [], over: false, outer }
    try {
      const result = await this.#scopes.run(scope, work)
      const around = openScope(outer)
      if (around) around.writes.push(...scope.writes)
      else await queueEach(scope.writes)
      return result
    } finally {
      scope.over = true
      outer.all ||= scope.all
    }
  }
}

/**
 * Queues writes of what is committed, in their order. One that is refused takes none of the others with it but later
 * ones of its own key: it may have been taken after all, and arrive behind them. Throws the error, or all of them, when
 * each was tried.
 */
async function queueEach(writes: readonly PostponedWrite[]): Promise<void> {
  const refused = new Map<string, unknown>()
  for (const { key, queue } of writes) {
    if (refused.has(key)) continue
    try {
      await queue()
    } catch (error) {
      refused.set(key, error)
    }
  }
  const errors = [...refused.values()]
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1)
    throw new AggregateError(errors, `Writes of ${errors.length} keys were refused after the commit`)
}

/** The innermost of a scope and those around it that collects: none does once one around it is over. */
function openScope(scope: Scope | undefined): Scope | undefined {
  let open: Scope | undefined
  for (let one = scope; one !== undefined; one = one.outer) {
    if (one.over) open = undefined
    else open ??= one
  }
  return open
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
