import { closedLoop } from './closed-loop.ts'
import type { Contestant } from './library.ts'
import type { Metrics } from './sample.ts'
import { isRow } from './warm-remote.ts'

export interface ReadLoop {
  readonly contestant: Contestant
  /** In the order in which they are asked for. */
  readonly keys: readonly string[]
  readonly callers: number
  readonly ms: number
  /** Ends when every key was asked for; else the keys come again. */
  readonly once?: boolean
  /** Keys of one call. One: a single read. */
  readonly together?: number
  readonly loads?: () => number
}

/** So many callers, who read these keys in turn; every answer is checked. */
export function readLoop(o: ReadLoop): Promise<Metrics> {
  const { contestant, keys, callers, ms, once = false, together = 1, loads } = o
  let position = 0
  if (together === 1) {
    return closedLoop({
      callers,
      ms,
      next: () => (once ? keys[position++] : keys[position++ % keys.length]),
      call: (key) => contestant.read(key),
      right: isRow,
      ...(loads && { loads }),
    })
  }
  const groups = Array.from({ length: Math.floor(keys.length / together) }, (_, i) =>
    keys.slice(i * together, (i + 1) * together),
  )
  const byFirst = new Map(groups.map((group) => [group[0] as string, group]))
  const groupOf = (first: string) => byFirst.get(first) as readonly string[]
  return closedLoop({
    callers,
    ms,
    perCall: together,
    next: () => (once ? groups[position++]?.[0] : groups[position++ % groups.length]?.[0]),
    call: (first) => readAll(contestant, groupOf(first)),
    right: (first, answer) => {
      const group = groupOf(first)
      const rows = answer as readonly unknown[]
      return rows.length === group.length && group.every((key, i) => isRow(key, rows[i]))
    },
    ...(loads && { loads }),
  })
}

/** The bulk read of a library, or as many single ones. */
async function readAll(contestant: Contestant, keys: readonly string[]): Promise<readonly unknown[]> {
  return contestant.many === undefined
    ? await Promise.all(keys.map((key) => contestant.read(key)))
    : await contestant.many(keys)
}
