import { createCache } from '@tierstack/cache-core'
import type { Cached, Definition } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { fakeClock } from '@tierstack/cache-testing'

/** A definition over memory on a clock that stands still, and the ids that were loaded. */
export function rig(rest: Partial<Definition<number, string>> = {}) {
  const clock = fakeClock()
  const near = memory()
  const cache = createCache({ namespace: 'test', tiers: [near], clock, jitter: false })
  const loads: number[] = []
  const row: Cached<number, string, 'memory'> = cache.define<number, string>({
    name: 'row',
    load: (id) => {
      loads.push(id)
      return `row ${id}`
    },
    loadMany: (ids) => {
      loads.push(...ids)
      return Promise.resolve(ids.map((id) => `row ${id}`))
    },
    ...rest,
  })
  return { clock, near, cache, row, loads, [Symbol.asyncDispose]: () => cache.close() }
}

export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
