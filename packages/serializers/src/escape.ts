import { CacheError } from '@tierstack/cache-core'
import { bytesKind, bytesOf } from './bytes-kinds.ts'
import { classOf, pathOf, refusal } from './refusal.ts'

/*
 * Each codec stands on a format that brings most values back, but not all. What the format would lose is written as
 * an escape: an array that begins with the format's mark, then the kind, then what the kind needs.
 *   [mark, 'undefined']                    [mark, 'number', 'NaN' | 'Infinity' | '-Infinity' | '-0']
 *   [mark, 'bigint', hex]                  [mark, 'date', ms | null]
 *   [mark, 'bytes', class, text | bytes]   [mark, 'text', UTF-16 as bytes]
 *   [mark, 'map', key, value, ...]         [mark, 'set', member, ...]
 *   [mark, 'object', name, value, ...]     [mark, 'bare', name, value, ...] (without a prototype)
 *   [mark, 'array', item, ...]             (an array that itself begins with the mark)
 * A value without anything to escape is passed on as it is, not copied.
 */

/** Containers inside each other. More would put the reader's stack at risk. */
export const maxDepth = 500

/** What a format brings back by itself. */
export interface Format {
  /** First item of every escape. */
  readonly mark: unknown
  carriesText(text: string): boolean
  carriesName(name: string): boolean
  carriesNumber(number: number): boolean
  /** Whether undefined, bigint, Date, Map, Set and objects of bytes come back. */
  readonly carriesRichTypes: boolean
}

/** Sets an own property, also one called `__proto__`, which an assignment would take for the prototype. */
export function put(target: object, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true })
  } else (target as Record<string, unknown>)[name] = value
}

class Escaper {
  readonly containers: object[] = []
  readonly steps: (string | number)[] = []
  readonly #format: Format

  constructor(format: Format) {
    this.#format = format
  }

  value(value: unknown): unknown {
    const { mark, carriesRichTypes } = this.#format
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        if (this.#format.carriesNumber(value)) return value
        return [mark, 'number', Object.is(value, -0) ? '-0' : String(value)]
      case 'boolean':
        return value
      case 'undefined':
        return carriesRichTypes ? value : [mark, 'undefined']
      case 'bigint':
        return carriesRichTypes ? value : [mark, 'bigint', value.toString(16)]
      case 'object':
        return value === null ? null : this.#object(value)
      case 'function':
      case 'symbol':
        throw refusal(this, `a ${typeof value}`)
    }
  }

  #text(text: string): unknown {
    if (this.#format.carriesText(text)) return text
    return [this.#format.mark, 'text', Buffer.from(text, 'utf16le')]
  }

  #object(value: object): unknown {
    const kind = bytesKind(value)
    if (kind !== undefined) return this.#bytes(value, kind)
    const back = this.containers.indexOf(value)
    if (back >= 0) {
      const target = pathOf({ containers: this.containers, steps: this.steps.slice(0, back) })
      throw refusal(this, `a cycle back to \`${target}\``)
    }
    if (this.containers.length >= maxDepth) throw refusal(this, `more than ${maxDepth} levels of nesting`)
    this.containers.push(value)
    const escaped = this.#container(value)
    this.containers.pop()
    return escaped
  }

  #container(value: object): unknown {
    switch (Object.getPrototypeOf(value)) {
      case Object.prototype:
      case null:
        return this.#plain(value as Record<string, unknown>)
      case Array.prototype:
        if (!Array.isArray(value)) break
        return this.#array(value)
      case Date.prototype:
        this.#nothingBeside(value, 0)
        return this.#date(value as Date)
      case Map.prototype:
        this.#nothingBeside(value, 0)
        return this.#map(value as Map<unknown, unknown>)
      case Set.prototype:
        this.#nothingBeside(value, 0)
        return this.#set(value as Set<unknown>)
    }
    throw refusal(this, `${classOf(value)}; turn it into plain data first`)
  }

  #plain(source: Record<string, unknown>): unknown {
    this.#noSymbols(source)
    const bare = Object.getPrototypeOf(source) === null
    const names = Object.keys(source)
    const twins: unknown[] = []
    let carried = !bare
    let same = true
    for (const name of names) {
      this.steps.push(name)
      const item = source[name]
      const twin = this.value(item)
      this.steps.pop()
      twins.push(twin)
      same &&= Object.is(twin, item)
      carried &&= this.#format.carriesName(name)
    }
    if (carried) return same ? source : objectOf(names, twins)
    const { mark } = this.#format
    return [mark, bare ? 'bare' : 'object', ...names.flatMap((name, i) => [this.#text(name), twins[i]])]
  }

  #array(items: readonly unknown[]): unknown {
    const names = Object.keys(items).length
    if (names < items.length) throw refusal(this, 'an array with holes')
    this.#nothingBeside(items, items.length)
    const { twins, same } = this.#each(items)
    const { mark } = this.#format
    if (items[0] === mark) return [mark, 'array', ...twins]
    return same ? items : twins
  }

  #date(date: Date): unknown {
    const time = date.getTime()
    if (this.#format.carriesRichTypes) return date
    return [this.#format.mark, 'date', Number.isNaN(time) ? null : time]
  }

  #map(map: Map<unknown, unknown>): unknown {
    const { twins, same } = this.#each([...map].flat())
    if (!this.#format.carriesRichTypes) return [this.#format.mark, 'map', ...twins]
    if (same) return map
    const twin = new Map<unknown, unknown>()
    for (let i = 0; i < twins.length; i += 2) twin.set(twins[i], twins[i + 1])
    return twin
  }

  #set(set: Set<unknown>): unknown {
    const { twins, same } = this.#each(set)
    if (!this.#format.carriesRichTypes) return [this.#format.mark, 'set', ...twins]
    return same ? set : new Set(twins)
  }

  #bytes(value: object, kind: string): unknown {
    if (this.#format.carriesRichTypes) return value
    return [this.#format.mark, 'bytes', kind, bytesOf(value).toString('base64')]
  }

  #each(items: Iterable<unknown>): { twins: unknown[]; same: boolean } {
    const twins: unknown[] = []
    let same = true
    for (const item of items) {
      this.steps.push(twins.length)
      const twin = this.value(item)
      this.steps.pop()
      twins.push(twin)
      same &&= Object.is(twin, item)
    }
    return { twins, same }
  }

  /** Refuses properties that the format would leave behind. */
  #nothingBeside(value: object, names: number): void {
    if (Object.keys(value).length > names) {
      throw refusal(this, 'an object with properties of its own beside its content')
    }
    this.#noSymbols(value)
  }

  #noSymbols(value: object): void {
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
        throw refusal(this, `an object with the symbol \`${String(symbol)}\` as a name`)
      }
    }
  }
}

function objectOf(names: readonly string[], values: readonly unknown[]): object {
  const made = {}
  names.forEach((name, i) => put(made, name, values[i]))
  return made
}

/** The value in a form that the format brings back. Throws `UNENCODABLE` for what no escape can express. */
export function escape(value: unknown, format: Format): unknown {
  const escaper = new Escaper(format)
  try {
    return escaper.value(value)
  } catch (error) {
    if (error instanceof CacheError && error.code === 'UNENCODABLE') throw error
    throw refusal(escaper, 'something that threw when it was read', error)
  }
}
