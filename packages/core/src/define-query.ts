import { Behind, checkQueueing, checkWriting } from './define-write.ts'
import type { Written } from './define-write.ts'
import type { Definition } from './definition.ts'
import { checkKeys, checkMethods, checkOneOf, expectation } from './expectation.ts'
import { checkName } from './key.ts'
import type { KeyOf } from './key.ts'
import type { LoadContext } from './load-context.ts'
import { answers, gathered } from './load-many.ts'
import { policyKeys, resolvePolicy } from './policy.ts'
import type { Query } from './query.ts'
import type { ScopeParts } from './scope-parts.ts'
import { definitionTag, tagsIn } from './tags.ts'
import { migrating, neighboursOf } from './versions.ts'

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

/** A definition, checked. */
export interface DefinedQuery {
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
export function queryOf(
  parts: ScopeParts,
  definition: Definition<KeyOf, unknown>,
  keyOf: (prefix: string) => (input: KeyOf) => string,
): DefinedQuery {
  checkKeys('define', definition, known)
  const name = checkName('name', definition.name)
  const version = checkName('version', String(definition.version ?? 1), 32)
  // A key reads `name@version:input`: the first colon after the name ends the version.
  if (version.includes(':')) throw expectation('version', 'a text without `:`', version)
  const label = `${name}@${version}`
  checkParts(definition)
  const own = [definitionTag(parts.path, label), ...parts.tags]
  const policy = resolvePolicy(definition, parts.policy, parts.chain.names)
  const written: Written = { label, name, version, policy, keyOf: keyOf(`${parts.path}#${label}:`) }
  const sensitive = checkOneOf('sensitive', definition.sensitive ?? false, [true, false])
  const queueing = checkQueueing(parts, definition, label)
  // Last: a definition that was refused can be made again, with what it was refused for set right.
  parts.claimLabel(`${parts.path}#${label}`)
  const behind = queueing && new Behind(parts, definition, { ...written, ...queueing })
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
    sensitive,
  }
  const suffixOf = (key: string) => key.slice(prefixOf(version).length)
  const beside = neighbours.map((other) => ({
    tag: definitionTag(parts.path, `${name}@${other}`),
    keyOf: (key: string) => prefixOf(other) + suffixOf(key),
  }))
  return { query, label, written, behind, beside, apart: () => ({ ...query, load: loader() }) }
}
