import { WrongAnswer } from './closed-loop.ts'
import { threadTime } from './cpu-time.ts'
import type { Contestant } from './library.ts'
import type { Metrics } from './sample.ts'

export interface InTurn {
  readonly keys: readonly string[]
  /** Builds the text of each key anew, as programs do: it has no hash yet. */
  readonly built: boolean
  readonly right: (key: string, answer: unknown) => boolean
}

/** Reads every key, one after the other: ns of the thread and bytes allocated per read. */
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
  const count = keys.length
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  const began = threadTime()
  // Loops of their own, not one with conditions: the one for synchronous reads must not await. By number: an iterator
  // would allocate a result of 40 bytes a turn, as this function can wait in the middle of a loop.
  if (way === 'peek') {
    if (built) for (let i = 0; i < count; i++) keep(one(`row:${ids[i]}`))
    else for (let i = 0; i < count; i++) keep(one(keys[i] as string))
  } else if (built) for (let i = 0; i < count; i++) keep(await one(`row:${ids[i]}`))
  else for (let i = 0; i < count; i++) keep(await one(keys[i] as string))
  const ns = threadTime() - began
  const bytes = process.memoryUsage().heapUsed - heap
  return { ns: ns / count, bytes: Math.max(0, bytes) / count }
}

/** Keeps the engine from leaving a read out whose result nobody uses: anybody could look here. */
const sink: { kept: unknown } = { kept: undefined }
Reflect.set(globalThis, Symbol.for('bench.sink'), sink)

function keep(value: unknown): void {
  sink.kept = value
}
