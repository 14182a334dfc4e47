import type { Audit, AuditRecord } from './audit.ts'
import type { Cached, WarmOptions } from './definition.ts'
import type { KeyOf } from './key.ts'
import type { ReadOptions } from './read-options.ts'
import { openReadScope } from './read-scope.ts'

type Action = AuditRecord['action']
type Any = Cached<KeyOf, unknown>

/** The callable of a definition with everything that is done through it on record, whether it succeeds or not. */
export function audited(
  cached: Any,
  audit: Audit,
  o: { readonly definition: string; readonly tenant: string },
): Any {
  const note = (action: Action, key: string | undefined, tier?: string) =>
    audit.note({ ...o, action, tier }, key)

  const read = async (input: KeyOf, options?: ReadOptions): Promise<unknown> => {
    const key = cached.keyFor(input)
    await audit.room()
    let tier: string | undefined
    const scope = openReadScope((answer) => {
      if (answer.key === key) tier = answer.tier ?? 'source'
    })
    try {
      return await scope.run(() => cached(input, options))
    } finally {
      scope.close()
      note('read', key, tier)
    }
  }

  /** On record before it is done: a removal that can't be recorded isn't made. */
  const first = async <R>(
    action: Action,
    inputs: readonly KeyOf[] | undefined,
    work: () => Promise<R>,
  ): Promise<R> => {
    await audit.room()
    if (inputs === undefined) note(action, undefined)
    else for (const input of inputs) note(action, cached.keyFor(input))
    return await work()
  }

  return Object.assign(read, {
    ...cached,
    // Can't wait for room: without it there is no answer.
    peek: (input: KeyOf) => {
      if (audit.full) return undefined
      note('peek', cached.keyFor(input))
      return cached.peek(input)
    },
    many: (inputs: readonly KeyOf[], options?: ReadOptions) =>
      Promise.all(inputs.map((input) => read(input, options))),
    settled: (inputs: readonly KeyOf[], options?: ReadOptions) =>
      Promise.allSettled(inputs.map((input) => read(input, options))),
    entry: (input: KeyOf) => first('inspect', [input], () => cached.entry(input)),
    set: (input: KeyOf, value: never) => first('set', [input], () => cached.set(input, value)),
    write: (input: KeyOf, given: never) => first('write', [input], () => cached.write(input, given)),
    update: (input: KeyOf, change: never) => first('write', [input], () => cached.update(input, change)),
    delete: (...inputs: KeyOf[]) => first('delete', inputs, () => cached.delete(...inputs)),
    expire: (...inputs: KeyOf[]) => first('expire', inputs, () => cached.expire(...inputs)),
    refresh: (...inputs: KeyOf[]) => first('refresh', inputs, () => cached.refresh(...inputs)),
    warm: (inputs: never, options?: WarmOptions) =>
      first('warm', undefined, () => cached.warm(inputs, options)),
    warmRows: (next: never, options?: WarmOptions) =>
      first('warm', undefined, () => cached.warmRows(next, options)),
    clear: () => first('clear', undefined, () => cached.clear()),
    uncached: (input: KeyOf, options?: never) =>
      first('read', [input], () => cached.uncached(input, options)),
  })
}
