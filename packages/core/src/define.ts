import { audited } from './audited.ts'
import { bypass } from './bypass.ts'
import type { Defined } from './defined.ts'
import type { Cached, Definition, NextRows, WarmOptions, WarmReport } from './definition.ts'
import { Behind, checkWriting, writer } from './define-write.ts'
import type { Written } from './define-write.ts'
import { parseDuration } from './duration.ts'
import type { Duration } from './duration.ts'
import { checkKeys, checkMethods, checkOneOf, expectation } from './expectation.ts'
import { explain, inspect } from './explain.ts'
import { canonical, checkName } from './key.ts'
import type { KeyOf } from './key.ts'
import type { LoadContext } from './load-context.ts'
import { answers, gathered } from './load-many.ts'
import { Near } from './near.ts'
import { policyKeys, resolvePolicy } from './policy.ts'
import type { Query } from './query.ts'
import { peek } from './peek.ts'
import { read } from './read.ts'
import { readMany } from './read-many.ts'
import { checkReadOptions } from './read-options.ts'
import type { ReadOptions } from './read-options.ts'
import type { Receipt } from './remove.ts'
import type { ScopeParts } from './scope-parts.ts'
import { definitionTag, tagsIn } from './tags.ts'
import { tenantOf } from './tenant-name.ts'
import { migrating, neighboursOf } from './versions.ts'
import { warm } from './warm.ts'
import { warmRows } from './warm-rows.ts'

const known = [
  'name',
  'version',
  'key',
  'load',
  'loadMany',
  'save',
  'saveMany',
  'write',
  'behind',
  'tags',
  'schema',
  'codec',
  'migrate',
  'audit',
  'sensitive',
  ...policyKeys,
] as const

const flushMs = 30_000

const nothingWarmed: WarmReport = { loaded: 0, skipped: 0, errors: [], ms: 0 }

interface Resolved {
  readonly query: Query
  readonly label: string
  readonly written: Written
  readonly behind: Behind | undefined
  /** The same definition in the versions that may run beside this one: its tag, and the names of a key there. */
  readonly beside: readonly { readonly tag: string; readonly keyOf: (key: string) => string }[]
  /** The same query, whose loads gather with no others than its own. */
  readonly apart: () => Query
}

function checkParts(definition: Definition<KeyOf, unknown>): void {
  for (const part of ['load', 'loadMany', 'key', 'tags', 'save', 'saveMany', 'migrate'] as const) {
    const given: unknown = Reflect.get(definition, part)
    if (typeof given !== 'function' && (part === 'load' || given !== undefined))
      throw expectation(part, 'a function', given)
  }
  checkWriting(definition)
  if (definition.migrate !== undefined && neighboursOf(definition.version).length < 2)
    throw expectation('version', 'a whole number of 1 or more, as `migrate` is given', definition.version)
  const { schema, codec } = definition
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
    throw expectation('schema', 'a Standard Schema, such as one of zod or valibot', schema)
  if (codec !== undefined) checkMethods('codec', codec, 'a codec', ['encode', 'decode'])
}

/** The query of a definition, everything checked and resolved once. */
function queryOf(
  parts: ScopeParts,
  definition: Definition<KeyOf, unknown>,
  keyOf: (prefix: string) => (input: KeyOf) => string,
): Resolved {
  checkKeys('define', definition, known)
  const name = checkName('name', definition.name)
  const version = checkName('version', String(definition.version ?? 1), 32)
  // A key reads `name@version:input`: the first colon after the name ends the version.
  if (version.includes(':')) throw expectation('version', 'a text without `:`', version)
  const label = `${name}@${version}`
  checkParts(definition)
  parts.claimLabel(`${parts.path}#${label}`)
  const own = [definitionTag(parts.path, label), ...parts.tags]
  const policy = resolvePolicy(definition, parts.policy, parts.chain.names)
  const written: Written = { label, name, version, policy, keyOf: keyOf(`${parts.path}#${label}:`) }
  const behind = definition.write === 'behind' ? new Behind(parts, definition, written) : undefined
  const { tags } = definition
  const many = definition.loadMany !== undefined
  const source = (input: unknown, context: LoadContext) => definition.load(input as KeyOf, context)
  const sourceMany = (inputs: readonly unknown[], signal: AbortSignal) =>
    definition.loadMany?.(inputs as KeyOf[], { signal }) ?? []
  const load = behind ? (input: unknown, context: LoadContext) => behind.load(input, context, source) : source
  const loadMany = behind
    ? (inputs: readonly unknown[], signal: AbortSignal) =>
        behind.loadMany(inputs, (rest) => sourceMany(rest, signal))
    : sourceMany
  const neighbours = neighboursOf(definition.version)
  const prefixOf = (other: string) => `${parts.path}#${name}@${other}:`
  const loader = () =>
    migrating(parts.chain, definition, {
      before: neighbours[0] ?? '',
      keyBefore: (input) => prefixOf(neighbours[0] ?? '') + suffixOf(written.keyOf(input)),
      load: inner(),
    })
  const inner = () => (many ? gathered({ name, load, loadMany, bulkhead: parts.chain.bulkhead }) : load)
  const query: Query = {
    def: name,
    version,
    policy,
    counters: parts.counters(name),
    tagsBefore: () => own,
    tagsOf: tags && ((value, input) => tagsIn(parts.chain, parts.path, tags(value, input as KeyOf))),
    load: loader(),
    batched: many,
    loadAll: many
      ? (inputs, signal) =>
          parts.chain.bulkhead.run(async () => answers(name, inputs, await loadMany(inputs, signal)))
      : undefined,
    schema: definition.schema,
    codec: definition.codec,
    path: parts.path,
    sensitive: checkOneOf('sensitive', definition.sensitive ?? false, [true, false]),
  }
  const suffixOf = (key: string) => key.slice(prefixOf(version).length)
  const beside = neighbours.map((other) => ({
    tag: definitionTag(parts.path, `${name}@${other}`),
    keyOf: (key: string) => prefixOf(other) + suffixOf(key),
  }))
  return { query, label, written, behind, beside, apart: () => ({ ...query, load: loader() }) }
}

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
