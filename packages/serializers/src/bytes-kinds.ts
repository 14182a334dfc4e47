/** How an object of bytes is made anew from exactly its bytes. */
type Revive = (bytes: ArrayBuffer) => object

/** In the order of msgpackr's type codes. */
const typedArrays = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const

/** Size of one element by msgpackr's type code. 16 is an ArrayBuffer, 17 a DataView. */
export const elementBytes: ReadonlyMap<number, number> = new Map([
  ...typedArrays.map((make, code) => [code, make.BYTES_PER_ELEMENT] as const),
  [16, 1],
  [17, 1],
])

const kinds: ReadonlyMap<string, { readonly prototype: object; readonly revive: Revive }> = new Map<
  string,
  { prototype: object; revive: Revive }
>([
  ...typedArrays.map(
    (make) =>
      [make.name, { prototype: make.prototype, revive: (bytes: ArrayBuffer) => new make(bytes) }] as const,
  ),
  ['Buffer', { prototype: Buffer.prototype, revive: (bytes) => Buffer.from(bytes) }],
  ['ArrayBuffer', { prototype: ArrayBuffer.prototype, revive: (bytes) => bytes }],
  ['DataView', { prototype: DataView.prototype, revive: (bytes) => new DataView(bytes) }],
])

const nameOf: ReadonlyMap<unknown, string> = new Map(
  [...kinds].map(([name, { prototype }]) => [prototype, name]),
)

/** The name under which `value` is written, or undefined when it isn't one of the objects of bytes that come back. */
export function bytesKind(value: object): string | undefined {
  const name = nameOf.get(Object.getPrototypeOf(value))
  if (name === undefined) return undefined
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value
  // Memory that is shared or can grow would come back as memory that is and does neither.
  return buffer instanceof ArrayBuffer && !buffer.resizable ? name : undefined
}

/** A view of the bytes of any object that `bytesKind` knows. */
export function bytesOf(value: object): Buffer {
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength)
    : Buffer.from(value as ArrayBuffer)
}

/** Throws for a name that `bytesKind` never gives, and for bytes that don't fill whole elements. */
export function reviveBytes(name: string, bytes: Uint8Array): object {
  const kind = kinds.get(name)
  if (kind === undefined) throw new Error('unknown kind of bytes')
  // A copy, because small Buffers are slices of a pool and misaligned for wider elements.
  return kind.revive(new Uint8Array(bytes).buffer)
}
