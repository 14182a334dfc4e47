import { resolveBehind } from './behind-options.ts'
import type { ResolvedBehind } from './behind-options.ts'
import type { Definition } from './definition.ts'
import { CacheError } from './errors.ts'
import { checkOneOf, expectation } from './expectation.ts'
import type { KeyOf } from './key.ts'
import type { LoadContext } from './load-context.ts'
import type { MaybePromise } from './maybe-promise.ts'
import type { ResolvedPolicy } from './policy.ts'
import type { Query } from './query.ts'
import type { ScopeParts } from './scope-parts.ts'
import { token } from './token.ts'
import { neighboursOf } from './versions.ts'
import { WriteBehind } from './write-behind.ts'
import type { WriteQueue } from './write-queue.ts'

type Any = Definition<KeyOf, unknown>
type Many = readonly unknown[] | ReadonlyMap<unknown, unknown>

/** What the writes of a definition need to know of it. */
export interface Written {
  readonly label: string
  readonly name: string
  readonly version: string
  readonly policy: ResolvedPolicy
  readonly keyOf: (input: KeyOf) => string
}

export function checkWriting(definition: Any): void {
  const { write, behind } = definition
  checkOneOf('write', write ?? 'invalidate', ['invalidate', 'through', 'behind'])
  if (write !== undefined && write !== 'invalidate' && definition.save === undefined)
    throw expectation('save', `a function, as \`write\` is '${write}'`, undefined)
  if (behind !== undefined && write !== 'behind')
    throw expectation('behind', "left out unless `write` is 'behind'", behind)
}

/** Where a definition's writes wait for the source, and how they leave. */
interface Queueing {
  readonly queue: WriteQueue
  readonly options: ResolvedBehind
}

/** Undefined for a definition whose writes wait for the source themselves. */
export function checkQueueing(parts: ScopeParts, definition: Any, label: string): Queueing | undefined {
  if (definition.write !== 'behind') return undefined
  const queue = parts.writeQueue
  if (queue === undefined) {
    throw new CacheError(
      'INVALID_OPTION',
      `Expected the cache to have a \`writeQueue\`, which definition \`${label}\` needs as its \`write\` is 'behind'`,
    )
  }
  if (parts.chain.keyHash !== undefined && parts.chain.frames.encryption === undefined) {
    throw expectation(
      'encryption',
      "given, as `keyHash` is and `write` is 'behind': the queue holds inputs",
      undefined,
    )
  }
  return { queue, options: resolveBehind(definition.behind) }
}

/** A definition's writes on their way to the source, when they don't wait for it. */
export class Behind {
  readonly #parts: ScopeParts
  readonly #written: Written
  readonly #prefix: string
  readonly writes: WriteBehind

  constructor(parts: ScopeParts, definition: Any, written: Written & Queueing) {
    const { name, label, version, policy, queue, options } = written
    this.#parts = parts
    this.#written = written
    this.#prefix = `${parts.path}#${label}:`
    const versions = [version, ...neighboursOf(definition.version)]
    this.writes = new WriteBehind({
      chain: parts.chain,
      queue,
      // Without the version: writes of the one before are for the same rows.
      topic: `${parts.path}#${name}`,
      def: name,
      version,
      sensitive: definition.sensitive ?? false,
      options,
      lookMs: policy.timeouts.removal,
      appendMs: policy.timeouts.write,
      saveMs: policy.timeouts.write,
      save: async (write, signal) => {
        const { input, value, ...context } = write
        const saved = await definition.save?.(input as KeyOf, value, { signal, ...context })
        return saved !== undefined
      },
      saveMany:
        definition.saveMany &&
        (async (writes, signal) => {
          await definition.saveMany?.(
            writes.map((write) => ({ ...write, input: write.input as KeyOf })),
            { signal },
          )
        }),
      entryOf: (key) => this.#prefix + key,
      entriesOf: (key, except) =>
        versions.filter((own) => own !== except).map((own) => `${parts.path}#${name}@${own}:${key}`),
      changing: (entries, commit) => parts.write(entries, commit, policy),
    })
    parts.closing(() => this.writes.close())
  }

  /** The name of a key within the topic. */
  nameOf(input: KeyOf): string {
    return this.#nameIn(this.#written.keyOf(input))
  }

  #nameIn(key: string): string {
    return key.slice(this.#prefix.length)
  }

  async write(query: Query, input: KeyOf, value: unknown): Promise<unknown> {
    const key = this.#written.keyOf(input)
    const queued = async () => {
      await this.#parts.writeThrough(query, key, input, async () => {
        await this.writes.append(this.#nameIn(key), input, value)
        return value
      })
    }
    if (!this.#parts.postponed(key, queued)) await queued()
    return value
  }

  /** The source as readers are to see it: with what is pending. */
  load(
    input: unknown,
    context: LoadContext,
    load: (input: unknown, context: LoadContext) => MaybePromise<unknown>,
  ): Promise<unknown> {
    return this.writes
      .pending(this.nameOf(input as KeyOf))
      .then((pending) => (pending ? pending[0] : load(input, context)))
  }

  async loadMany(
    inputs: readonly unknown[],
    load: (inputs: readonly unknown[]) => MaybePromise<Many>,
  ): Promise<readonly unknown[]> {
    const pending = await Promise.all(inputs.map((input) => this.writes.pending(this.nameOf(input as KeyOf))))
    const rest = inputs.filter((_, i) => pending[i] === undefined)
    if (rest.length === 0) return pending.map((one) => one?.[0])
    const many = await load(rest)
    let at = 0
    return inputs.map((input, i) => {
      const own = pending[i]
      if (own) return own[0]
      return Array.isArray(many)
        ? (many as readonly unknown[])[at++]
        : (many as ReadonlyMap<unknown, unknown>).get(input)
    })
  }
}

/** `write` of a definition. */
export function writer(
  parts: ScopeParts,
  definition: Any,
  written: Written,
  query: Query,
  behind: Behind | undefined,
): (input: KeyOf, given: unknown) => Promise<unknown> {
  const { label, version, policy, keyOf } = written
  return async (input, given) => {
    const key = keyOf(input)
    if (typeof given === 'function') return await parts.write([key], given as () => Promise<unknown>, policy)
    if (behind) return await behind.write(query, input, given)
    if (definition.save === undefined) {
      throw new CacheError(
        'NO_SOURCE',
        `Expected definition \`${label}\` to have \`save\`, which \`write(input, value)\` needs; or give \`write\` the commit as a function`,
      )
    }
    const signal = AbortSignal.timeout(policy.timeouts.write)
    const commit = async () => {
      const saved = await definition.save?.(input, given, { signal, token: token(), version })
      return saved === undefined ? given : saved
    }
    return definition.write === 'through'
      ? await parts.writeThrough(query, key, input, commit)
      : await parts.write([key], commit, policy)
  }
}
