export type Isolation = 'freeze' | 'clone' | 'reference'

export interface Secured {
  /** How the stored value is protected from its readers. */
  readonly isolation: 'frozen' | 'clone' | 'reference'
  /** Estimated bytes of memory that the value holds. */
  readonly bytes: number
}

interface Walk {
  bytes: number
  readonly freeze: boolean
  /** Something was met that `Object.freeze` doesn't protect: Map, Set, Date, bytes. */
  unfreezable: boolean
  readonly seen: Set<object>
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Walks with a list of its own: a value may be nested deeper than the call stack. */
function walkAll(root: unknown, walk: Walk): void {
  const left = [root]
  while (left.length > 0) visit(left.pop(), walk, left)
}

function visit(value: unknown, walk: Walk, left: unknown[]): void {
  switch (typeof value) {
    case 'string':
      walk.bytes += 24 + value.length * 2
      return
    case 'object':
      break
    default:
      walk.bytes += 8
      return
  }
  if (value === null || walk.seen.has(value)) {
    walk.bytes += 8
    return
  }
  walk.seen.add(value)
  if (Array.isArray(value)) {
    walk.bytes += 32
    for (const item of value) left.push(item)
    if (walk.freeze) Object.freeze(value)
    return
  }
  if (isPlain(value)) {
    walk.bytes += 40
    for (const name in value) {
      walk.bytes += 8
      left.push((value as Record<string, unknown>)[name])
    }
    if (walk.freeze) Object.freeze(value)
    return
  }
  walk.unfreezable = true
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) walk.bytes += 96 + value.byteLength
  else if (value instanceof Map) {
    walk.bytes += 64
    for (const pair of value) left.push(...pair)
  } else if (value instanceof Set) {
    walk.bytes += 64
    for (const v of value) left.push(v)
  } else walk.bytes += 64
}

/**
 * Protects a value once, when it is stored, so that hits cost nothing.
 *
 * Plain objects and arrays are frozen deeply. What can't be frozen (Map, Set, Date, typed arrays) makes the entry
 * be cloned for each reader instead. Instances of other classes are shared as they are.
 */
export function secure(value: unknown, isolation: Isolation): Secured {
  const walk: Walk = { bytes: 0, freeze: isolation === 'freeze', unfreezable: false, seen: new Set() }
  walkAll(value, walk)
  if (isolation === 'reference') return { isolation, bytes: walk.bytes }
  if (isolation === 'clone') return { isolation, bytes: walk.bytes }
  return { isolation: walk.unfreezable ? 'clone' : 'frozen', bytes: walk.bytes }
}

/** A deep copy of data: plain objects, arrays, Map, Set, Date and bytes; instances of other classes are shared. */
export function copy<V>(value: V): V {
  return copyOf(value, new Map()) as V
}

function copyOf(value: unknown, made: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = made.get(value)
  if (known) return known
  const note = <T extends object>(twin: T): T => {
    made.set(value, twin)
    return twin
  }
  if (Array.isArray(value)) {
    const twin = note(new Array<unknown>(value.length))
    // forEach leaves holes as holes.
    value.forEach((item, i) => {
      twin[i] = copyOf(item, made)
    })
    return twin
  }
  if (value instanceof Date) return new Date(value.getTime())
  if (value instanceof Map) {
    const twin = note(new Map())
    for (const [k, v] of value) twin.set(copyOf(k, made), copyOf(v, made))
    return twin
  }
  if (value instanceof Set) {
    const twin = note(new Set())
    for (const v of value) twin.add(copyOf(v, made))
    return twin
  }
  if (value instanceof ArrayBuffer) return note(value.slice(0))
  if (ArrayBuffer.isView(value)) return note(copyOfView(value))
  if (!isPlain(value)) return value
  const twin = note(Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>)
  for (const name of Object.keys(value)) {
    // defineProperty, because assignment to `__proto__` would change the prototype.
    Object.defineProperty(twin, name, {
      value: copyOf((value as Record<string, unknown>)[name], made),
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return twin
}

function copyOfView(view: ArrayBufferView): ArrayBufferView {
  const bytes = new Uint8Array(view.byteLength)
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  if (typeof Buffer !== 'undefined' && Buffer.isBuffer(view)) return Buffer.from(bytes.buffer)
  const make = view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView
  return new make(bytes.buffer)
}
