import { MsgpackBytes } from './msgpack-bytes.ts'

export interface Shape {
  readonly names: readonly string[]
  /** Names as they stand behind a record's id; undefined: one of them is not plain. */
  readonly bytes: Uint8Array | undefined
}

const shapesKept = 1_000
const longestNames = 2_000
const shapesAtHand = 4

/** Names that msgpackr changes, takes for its own, or looks at before it writes. */
const otherNames: ReadonlySet<string> = new Set([
  '__proto__',
  '__keys__',
  'constructor',
  'hasOwnProperty',
  'toJSON',
])

const shapes = new Map<string, Shape>()

/** The shapes that were met last, and behind them all that are remembered. */
export class WrittenShapes {
  readonly #lately: Shape[] = []
  #next = 0

  /** One that was met lately and begins with this name. */
  beginningWith(name: string): Shape | undefined {
    for (const shape of this.#lately) if (shape.names[0] === name) return shape
    return undefined
  }

  of(names: readonly string[]): Shape {
    for (const shape of this.#lately) if (same(shape.names, names)) return shape
    // Not joined by any character: a name may contain it.
    const key = JSON.stringify(names)
    let shape = shapes.get(key)
    if (shape === undefined) {
      shape = { names, bytes: namesBytes.of(names) }
      if (shapes.size < shapesKept && key.length <= longestNames) shapes.set(key, shape)
    }
    this.#lately[this.#next] = shape
    this.#next = (this.#next + 1) % shapesAtHand
    return shape
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Apart from the bytes of values: shapes are met in the middle of one. */
class NamesBytes extends MsgpackBytes {
  of(names: readonly string[]): Uint8Array | undefined {
    if (names.some((name) => otherNames.has(name))) return undefined
    this.start = this.at = 0
    this.arrayHead(names.length)
    for (const name of names) if (!this.text(name)) return undefined
    return Uint8Array.from(this.bytes.subarray(0, this.at))
  }
}

const namesBytes = new NamesBytes()
