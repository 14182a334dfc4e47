import { Batch } from './batch.ts'
import type { Bulkhead } from './bulkhead.ts'
import { CacheError } from './errors.ts'
import type { LoadContext } from './load-context.ts'
import type { MaybePromise } from './maybe-promise.ts'

type Many = readonly unknown[] | ReadonlyMap<unknown, unknown>

interface Wanted {
  readonly input: unknown
  readonly context: LoadContext
}

/**
 * A loader that gathers the loads of one turn of the event loop into one `loadMany`; and, while that waits for a place in
 * the bulkhead, those of the turns that follow. A load that stays alone uses `load`.
 */
export function gathered(o: {
  readonly name: string
  readonly load: ((input: unknown, context: LoadContext) => MaybePromise<unknown>) | undefined
  readonly loadMany: (inputs: readonly unknown[], signal: AbortSignal) => MaybePromise<Many>
  readonly bulkhead: Bulkhead
}): (input: unknown, context: LoadContext) => Promise<unknown> {
  const { name, load, loadMany, bulkhead } = o
  const run = async (wanted: readonly Wanted[]) => {
    const [first] = wanted
    if (wanted.length === 1 && first && load) {
      const value = await load(first.input, first.context)
      return [() => value]
    }
    const inputs = wanted.map(({ input }) => input)
    const answer = answers(name, inputs, await loadMany(inputs, wantedBy(wanted)))
    return inputs.map((_, at) => () => answer(at))
  }
  const batch = new Batch<Wanted, () => unknown>(run, undefined, (go) => bulkhead.run(go))
  return async (input, context) => {
    const answer = await batch.addEach(context.key, { input, context })
    return answer()
  }
}

/** A batch is wanted as long as one of its loads is. */
function wantedBy(wanted: readonly Wanted[]): AbortSignal {
  const controller = new AbortController()
  let left = wanted.length
  const leave = (signal: AbortSignal) => {
    if (--left === 0) controller.abort(signal.reason)
  }
  for (const { context } of wanted) {
    const { signal } = context
    if (signal.aborted) leave(signal)
    else signal.addEventListener('abort', () => leave(signal))
  }
  return controller.signal
}

/** The answer to each input by its place, which throws where that one failed. */
export function answers(name: string, inputs: readonly unknown[], many: Many): (at: number) => unknown {
  if (isMap(many)) return (at) => many.get(inputs[at])
  if (!Array.isArray(many) || many.length !== inputs.length) {
    throw new CacheError(
      'INVALID_OPTION',
      `Expected \`loadMany\` of \`${name}\` to return a map or a list of ${inputs.length} values, got ${
        Array.isArray(many) ? `a list of ${many.length}` : typeof many
      }`,
    )
  }
  const list: readonly unknown[] = many
  return (at) => {
    const value = list[at]
    if (value instanceof Error) throw value
    return value
  }
}

function isMap(many: Many): many is ReadonlyMap<unknown, unknown> {
  return typeof (many as ReadonlyMap<unknown, unknown> | undefined)?.get === 'function'
}
