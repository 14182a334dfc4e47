import { WrongAnswer } from './closed-loop.ts'
import type { Contestant } from './library.ts'
import type { Metrics } from './sample.ts'
import { percentile } from './statistics.ts'

export interface InTurn {
  readonly keys: readonly string[]
  /** Builds the text of each key anew, as programs do: it has no hash yet. */
  readonly built: boolean
  readonly right: (key: string, answer: unknown) => boolean
}

/** Reads between two looks at the clock. */
const stretch = 2_000

/** Reads every key, one after the other: ns per read, of the median stretch, and bytes allocated. */
export async function readsInTurn(
  contestant: Contestant,
  way: 'peek' | 'read' | 'getOrSet' | 'get',
  { keys, built, right }: InTurn,
): Promise<Metrics> {
  const one = contestant[way]
  if (one === undefined) throw new Error(`no \`${way}\` to measure`)
  for (const key of keys.slice(0, 100)) {
    const answer = await one(key)
    if (!right(key, answer)) throw new WrongAnswer(key, answer)
  }
  const ids = built ? Uint32Array.from(keys, (key) => Number(key.slice(4))) : new Uint32Array(0)
  const times = new Float64Array(Math.max(1, Math.floor(keys.length / stretch)))
  const each = Math.min(stretch, keys.length)
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  for (let i = 0; i < times.length; i++) {
    const from = i * each
    const began = performance.now()
    if (way === 'peek') peeks(one, keys, ids, from, from + each)
    else await reads(one, keys, ids, from, from + each)
    times[i] = performance.now() - began
  }
  const bytes = process.memoryUsage().heapUsed - heap
  return { ns: (percentile(times, 0.5) * 1e6) / each, bytes: Math.max(0, bytes) / (times.length * each) }
}

type Read = (key: string) => unknown

/*
 * Loops of their own, not one with conditions: the one for synchronous reads must not await. By number: an iterator
 * would allocate a result of 40 bytes a turn where a function can wait in the middle of a loop.
 */
function peeks(one: Read, keys: readonly string[], ids: Uint32Array, from: number, to: number): void {
  if (ids.length > 0) for (let i = from; i < to; i++) keep(one(`row:${ids[i]}`))
  else for (let i = from; i < to; i++) keep(one(keys[i] as string))
}

async function reads(
  one: Read,
  keys: readonly string[],
  ids: Uint32Array,
  from: number,
  to: number,
): Promise<void> {
  if (ids.length > 0) for (let i = from; i < to; i++) keep(await one(`row:${ids[i]}`))
  else for (let i = from; i < to; i++) keep(await one(keys[i] as string))
}

/** Keeps the engine from leaving a read out whose result nobody uses: anybody could look here. */
const sink: { kept: unknown } = { kept: undefined }
Reflect.set(globalThis, Symbol.for('bench.sink'), sink)

function keep(value: unknown): void {
  sink.kept = value
}
