import { protocol } from './variant.ts'
import type { Variant } from './variant.ts'
import { keyOf } from './state.ts'
import type { State } from './state.ts'
import { Transitions } from './transitions.ts'

export interface Explored {
  readonly states: number
  /** The shortest way to a broken promise, step by step. */
  readonly trace: readonly string[] | undefined
}

function initial(variant: Variant): State {
  const perKey = <T>(make: () => T): T[] => Array.from({ length: variant.keys }, make)
  return {
    source: perKey(() => 0),
    store: perKey(() => null),
    counters: perKey(() => 0),
    marker: null,
    tagClock: 0,
    nextGeneration: 0,
    snapshot: null,
    processes: Array.from({ length: variant.processes }, () => ({
      up: true,
      connected: true,
      live: true,
      missed: false,
      inbox: [],
      memory: perKey(() => null),
      journal: perKey(() => false),
      tagJournal: false,
      due: perKey(() => 0),
      sequence: 0,
      promised: [],
    })),
    readers: variant.readers.map(({ process, key }) => ({
      process,
      key,
      step: 'idle',
      due: 0,
      fenced: false,
      sequence: 0,
      leased: false,
      blocked: false,
      clock: -1,
      generation: 0,
      version: 0,
      flight: -1,
    })),
    writers: variant.writers.map((writer) => ({ ...writer, step: 'idle', version: 0 })),
    acknowledged: perKey(() => 0),
    left: { crashes: 0, cuts: 0, evictions: 0, outages: 0, restores: 0, timeouts: 0, ...variant.budget },
  }
}

/** Visits every state that can be reached, breadth first, until a promise is broken. */
export function explore(variant: Variant): Explored {
  const transitions = new Transitions(variant, { ...protocol, ...variant.rules })
  const first = initial(variant)
  /** Number of each state, in the order in which they were found. */
  const known = new Map<string, number>([[keyOf(first), 0]])
  const labels: string[] = ['']
  const parents: number[] = [-1]
  let layer: { readonly state: State; readonly number: number }[] = [{ state: first, number: 0 }]
  const traceTo = (number: number, last: readonly string[]): string[] => {
    const trace: string[] = []
    for (let at = number; at > 0; at = parents[at] as number) trace.unshift(labels[at] as string)
    return [...trace, ...last]
  }
  while (layer.length > 0) {
    const next: typeof layer = []
    for (const { state, number } of layer) {
      const steps = transitions.from(state)
      for (const { label, state: reached, broken } of steps) {
        if (broken !== undefined) return { states: known.size, trace: traceTo(number, [label, broken]) }
        const key = keyOf(reached)
        if (known.has(key)) continue
        next.push({ state: reached, number: labels.length })
        known.set(key, labels.length)
        labels.push(label)
        parents.push(number)
      }
      if (steps.length > 0) continue
      const broken = transitions.settled(state)
      if (broken !== undefined) return { states: known.size, trace: traceTo(number, [broken]) }
    }
    layer = next
  }
  return { states: known.size, trace: undefined }
}
