import { WrongAnswer } from './closed-loop.ts'
import type { Contestant } from './library.ts'
import type { Metrics } from './sample.ts'

export interface InTurn {
  readonly keys: readonly string[]
  /** Builds the text of each key anew, as programs do: it has no hash yet. */
  readonly built: boolean
  readonly right: (key: string, answer: unknown) => boolean
}

/** Reads every key, one after the other: ns and bytes allocated per read. */
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
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  const began = process.hrtime.bigint()
  // Loops of their own, not one with conditions: the one for synchronous reads must not await.
  if (way === 'peek') {
    if (built) for (const id of ids) keep(one(`row:${id}`))
    else for (const key of keys) keep(one(key))
  } else if (built) for (const id of ids) keep(await one(`row:${id}`))
  else for (const key of keys) keep(await one(key))
  const ns = Number(process.hrtime.bigint() - began)
  const bytes = process.memoryUsage().heapUsed - heap
  return { ns: ns / keys.length, bytes: Math.max(0, bytes) / keys.length }
}

/** Keeps the engine from leaving a read out whose result nobody uses: anybody could look here. */
const sink: { kept: unknown } = { kept: undefined }
Reflect.set(globalThis, Symbol.for('bench.sink'), sink)

function keep(value: unknown): void {
  sink.kept = value
}
