/*
 * Shapes of records, remembered by the bytes of their names across all that is read: most entries of a cache have one of
 * a few shapes, and a shape that was seen before costs one look-up instead of its names.
 */

/** Whoever stands before the values of a record. */
interface ValueReader {
  value(): unknown
}

export interface Shape {
  readonly names: readonly string[]
  reads: number
  /** Makes an object of this shape in one go; undefined while it is rare, or where the runtime compiles nothing. */
  make: ((reader: ValueReader) => object) | undefined
}

/** Of all that is read, and of one value. It bounds what hostile bytes can cost: a shape holds memory. */
export const shapesKept = 1_000
/** Compiling one takes some ten microseconds. */
const compiledAfter = 3
const shapesAtHand = 4

const shapes = new Map<string, Shape>()

/** The shape of these bytes, as text; `names` reads them where they are new. */
export function shapeOf(bytes: string, names: () => readonly string[]): Shape {
  const known = shapes.get(bytes)
  if (known) return known
  const shape: Shape = { names: names(), reads: 0, make: undefined }
  if (shapes.size < shapesKept) shapes.set(bytes, shape)
  // Never compiled: the next bytes could bring as many again.
  else shape.reads = compiledAfter
  return shape
}

/** An object of the shape, with the values that come next. */
export function objectOf(shape: Shape, reader: ValueReader): object {
  if (shape.make === undefined && ++shape.reads === compiledAfter) shape.make = compile(shape.names)
  return shape.make?.(reader) ?? filled(shape.names, reader)
}

function filled(names: readonly string[], reader: ValueReader): object {
  const object: Record<string, unknown> = {}
  for (const name of names) object[name] = reader.value()
  return object
}

function compile(names: readonly string[]): Shape['make'] {
  try {
    const fields = names.map((name) => `${JSON.stringify(name)}: reader.value()`)
    // oxlint-disable-next-line no-implied-eval -- the names are literals; the engine makes such an object at once
    return new Function('reader', `return { ${fields.join(', ')} }`) as Shape['make']
  } catch {
    // The runtime forbids code from text.
    return undefined
  }
}

/** Shapes that were read last, told by their bytes without making a text of them. */
class ShapesLately {
  readonly #kept: { readonly bytes: Uint8Array; readonly shape: Shape }[] = []
  #next = 0

  at(bytes: Buffer, start: number): { readonly bytes: Uint8Array; readonly shape: Shape } | undefined {
    for (const one of this.#kept) if (standsAt(bytes, start, one.bytes)) return one
    return undefined
  }

  note(bytes: Buffer, start: number, end: number, shape: Shape): void {
    this.#kept[this.#next] = { bytes: Uint8Array.from(bytes.subarray(start, end)), shape }
    this.#next = (this.#next + 1) % shapesAtHand
  }
}

function standsAt(bytes: Buffer, start: number, part: Uint8Array): boolean {
  if (start + part.length > bytes.length) return false
  for (let i = 0; i < part.length; i++) if (bytes[start + i] !== part[i]) return false
  return true
}

export const shapesLately: ShapesLately = new ShapesLately()
