export type Isolation = 'freeze' | 'clone' | 'reference'

export interface Secured {
  /** How the stored value is protected from its readers. */
  readonly isolation: 'frozen' | 'clone' | 'reference'
  /** Estimated bytes of memory that the value holds. */
  readonly bytes: number
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Beyond, the rest is put on a list: a value may be nested deeper than the call stack. */
const deepest = 100

/** Goes through one value after the other: freezes what it can, and counts. An object for each would cost more than most values. */
class Walk {
  bytes = 0
  /** Something was met that `Object.freeze` doesn't protect: Map, Set, Date, bytes. */
  unfreezable = false
  #freeze = false
  /** What was met. What isn't frozen wasn't, where we freeze: it needs no note. */
  #seen: Set<object> | undefined
  #depth = 0
  #left: object[] | undefined

  all(root: unknown, freeze: boolean): void {
    this.bytes = 0
    this.unfreezable = false
    this.#freeze = freeze
    this.#depth = 0
    try {
      this.#visit(root)
      for (let next = this.#left?.pop(); next !== undefined; next = this.#left?.pop()) this.#open(next)
    } finally {
      this.#seen = undefined
      this.#left = undefined
    }
  }

  #visit(value: unknown): void {
    if (typeof value === 'string') this.bytes += 24 + value.length * 2
    else if (typeof value !== 'object' || value === null) this.bytes += 8
    else if (this.#depth < deepest) this.#open(value)
    else (this.#left ??= []).push(value)
  }

  #open(value: object): void {
    const list = Array.isArray(value)
    const plain = list || isPlain(value)
    // What can be extended isn't frozen: a test that costs a fraction of the other.
    if (plain && this.#freeze && (Object.isExtensible(value) || !Object.isFrozen(value))) Object.freeze(value)
    else if (this.#met(value)) {
      this.bytes += 8
      return
    }
    this.#depth++
    if (list) this.#openList(value)
    else if (plain) this.#openPlain(value as Readonly<Record<string, unknown>>)
    else this.#openOther(value)
    this.#depth--
  }

  #met(value: object): boolean {
    this.#seen ??= new Set()
    if (this.#seen.has(value)) return true
    this.#seen.add(value)
    return false
  }

  #openList(items: readonly unknown[]): void {
    this.bytes += 32
    for (let i = 0; i < items.length; i++) this.#visit(items[i])
  }

  #openPlain(value: Readonly<Record<string, unknown>>): void {
    this.bytes += 40
    let bytes = 0
    for (const name in value) {
      const part = value[name]
      bytes += 8
      // As `#visit`, without a call for what most fields are.
      if (typeof part === 'string') bytes += 24 + part.length * 2
      else if (typeof part !== 'object' || part === null) bytes += 8
      else this.#visit(part)
    }
    this.bytes += bytes
  }

  #openOther(value: object): void {
    this.unfreezable = true
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) this.bytes += 96 + value.byteLength
    else {
      this.bytes += 64
      if (value instanceof Map) for (const pair of value) for (const part of pair) this.#visit(part)
      else if (value instanceof Set) for (const item of value) this.#visit(item)
    }
  }
}

/** Undefined while it is under way: a getter may get here again. */
let spare: Walk | undefined = new Walk()

/**
 * Protects a value once, when it is stored, so that hits cost nothing.
 *
 * Plain objects and arrays are frozen deeply. What can't be frozen (Map, Set, Date, typed arrays) makes the entry
 * be cloned for each reader instead. Instances of other classes are shared as they are.
 */
export function secure(value: unknown, isolation: Isolation): Secured {
  const walk = spare ?? new Walk()
  spare = undefined
  try {
    walk.all(value, isolation === 'freeze')
  } finally {
    spare = walk
  }
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
