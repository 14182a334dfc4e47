import type { Read } from './contestant.ts'

/** One timing: nanoseconds and bytes allocated per read. */
export interface Sample {
  readonly ns: number
  readonly bytes: number
}

/** Reads every key once, in order, and says what a read cost. Fails on the first answer that isn't the stored value. */
export async function sample(
  read: Read,
  keys: readonly string[],
  expected: ReadonlyMap<string, unknown>,
): Promise<Sample> {
  for (const key of keys.slice(0, 100)) {
    const answer = read.kind === 'sync' ? read.read(key) : await read.read(key)
    if (JSON.stringify(answer) !== JSON.stringify(expected.get(key))) {
      throw new Error(`Expected the stored value of ${key}, got ${JSON.stringify(answer)}`)
    }
  }
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  const began = process.hrtime.bigint()
  // Two loops, not one with a condition: the one for synchronous reads must not await.
  if (read.kind === 'sync') for (const key of keys) keep(read.read(key))
  else for (const key of keys) keep(await read.read(key))
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

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >>> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}
