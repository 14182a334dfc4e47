import type { Chain } from './chain.ts'
import type { Definition } from './definition.ts'
import { inspect } from './explain.ts'
import type { KeyOf } from './key.ts'
import type { LoadContext } from './load-context.ts'
import { isPromise } from './maybe-promise.ts'
import type { MaybePromise } from './maybe-promise.ts'
import { misfit } from './schema.ts'

type Load = (input: unknown, context: LoadContext) => MaybePromise<unknown>

/**
 * The versions that may run beside this one while a deployment is rolled out: those before and after it, where versions
 * are whole numbers that were given. Their entries are of the same rows, under keys of their own, so that neither version
 * reads the other's shape; what removes a row here removes it there too.
 */
export function neighboursOf(given: number | string | undefined): readonly string[] {
  const version = Number(given)
  if (given === undefined || !Number.isSafeInteger(version) || version < 0) return []
  return [version - 1, version + 1].filter((other) => other >= 0).map(String)
}

/**
 * A load that first looks for what the version before has, and makes its own of it. Only for a key that isn't there: what
 * was removed or is wanted anew comes from the source.
 */
export function migrating(
  chain: Chain,
  definition: Definition<KeyOf, unknown>,
  o: { readonly before: string; readonly keyBefore: (input: KeyOf) => string; readonly load: Load },
): Load {
  const { schema, codec, sensitive = false } = definition
  if (definition.migrate === undefined) return o.load
  const look = { version: o.before, codec, sensitive, schema: undefined }
  return async (input, context) => {
    if (context.reason === 'miss' || context.reason === 'warm') {
      const old = await inspect(chain, look, o.keyBefore(input as KeyOf))
      if (old?.state === 'fresh' && old.ttlLeft > 0) {
        const value = definition.migrate?.(old.value, input as KeyOf)
        const fits = value !== undefined && (!schema || (await misfit(schema, value)) === undefined)
        if (fits) {
          // It doesn't become younger by it.
          context.ttl(old.ttlLeft)
          return value
        }
      }
    }
    const loaded = o.load(input, context)
    return isPromise(loaded) ? await loaded : loaded
  }
}
