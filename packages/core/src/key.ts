import { createHash } from 'node:crypto'
import { CacheError } from './errors.ts'
import { shown } from './expectation.ts'
import type { KeyHash } from './key-hash.ts'
import { unitAt } from './unit-at.ts'

/** What a key can be made of, besides plain data made of these. */
export type KeyPart = string | number | bigint | boolean | null | undefined | Date
/** Input of a definition: a primitive, a date, or plain data made of them. */
export type KeyOf = KeyPart | object

/*
 * Keys are `namespace path · separator · rest`, and the separator says what follows, so that no two inputs meet:
 *   `=`  a raw key as given            `~`  the hash of a long raw key, or `k` and the keyed hash of any
 *   `#`  a definition: name@version:canonical input, or `k` and its keyed hash
 * Names can't contain a separator, so its first occurrence decides.
 */
const longest = 200
const maxDepth = 16

function invalid(sentence: string): CacheError {
  return new CacheError('INVALID_KEY', sentence)
}

/** 256 bits, so that two inputs meet by accident in no lifetime; never shorter (32-bit hashes return strangers' rows). */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function wellFormed(text: string): string {
  if (text.isWellFormed()) return text
  throw invalid(
    `Expected a key of well-formed Unicode, got a lone surrogate in \`${JSON.stringify(text.slice(0, 40))}\`; encode binary keys as hex or base64`,
  )
}

function primitive(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return `s${wellFormed(value)}`
    case 'number':
      if (Number.isNaN(value)) throw invalid('Expected a key that equals itself, got `NaN` (number)')
      return `n${value === 0 ? 0 : value}`
    case 'bigint':
      return `i${value}`
    case 'boolean':
      return value ? 't' : 'f'
    case 'undefined':
      return 'u'
    case 'object':
      if (value === null) return 'z'
      if (value instanceof Date) {
        if (Number.isNaN(value.getTime())) throw invalid('Expected a valid date in a key, got `Invalid Date`')
        return `d${value.getTime()}`
      }
      return undefined
    default:
      throw invalid(
        `Expected a key made of strings, numbers, booleans, bigints, dates, null, arrays and plain objects, got a ${typeof value}`,
      )
  }
}

function composite(value: object, depth: number): string {
  if (depth > maxDepth) throw invalid(`Expected a key nested at most ${maxDepth} deep; is it cyclic?`)
  const part = (v: unknown): string => {
    if (typeof v === 'string') return JSON.stringify(wellFormed(v))
    return primitive(v) ?? composite(v as object, depth + 1)
  }
  if (Array.isArray(value)) return `[${Array.from(value, part).join(',')}]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (value as { constructor?: { name?: string } }).constructor?.name ?? 'object'
    throw invalid(
      `Expected a key made of plain data, got an instance of ${name}; give its id, or use \`key\` to pick parts`,
    )
  }
  const fields = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, v]) => `${JSON.stringify(wellFormed(name))}:${part(v)}`)
  return `{${fields.join(',')}}`
}

/** One text per input, different inputs different texts (`1` is not `'1'`, `['a,b']` is not `['a','b']`). Order of object keys doesn't matter. */
export function canonical(input: unknown): string {
  const text = primitive(input) ?? composite(input as object, 0)
  return text.length <= longest ? text : `h${digest(text)}`
}

/** Key of an entry that is addressed by text. Any well-formed string will do, the empty one too. */
export function rawKey(path: string, key: unknown, keyHash?: KeyHash): string {
  if (typeof key !== 'string') {
    throw invalid(`Expected a key to be a string, got ${shown(key)}`)
  }
  wellFormed(key)
  if (keyHash !== undefined) return `${path}~k${keyHash.hash(`${path}=\0${key}`)}`
  return key.length <= longest ? `${path}=${key}` : `${path}~${digest(key)}`
}

/** A key in two parts: what it shares with its siblings, and the input or text that tells it apart. */
export interface SplitKey {
  /** Of a definition's primitive inputs: all before the input. Of all else: all before the text, its kind included. */
  readonly prefix: string
  readonly input: KeyPart
}

const definitionPrefix = /^[^=~#]*#[^@]*@[^:]*:/
const rawPrefix = /^[^=~#]*[=~]/

/** The last prefix of a definition: what begins with it has it too, and most keys have the same as the one before. */
let lastPrefix = '#@:'

/** The two parts of any key; `joinKey` makes them one again. */
export function splitKey(key: string): SplitKey {
  const prefix = key.startsWith(lastPrefix) ? lastPrefix : definitionPrefix.exec(key)?.[0]
  if (prefix === undefined) {
    const { length } = rawPrefix.exec(key)?.[0] ?? ''
    return { prefix: key.slice(0, length), input: key.slice(length) }
  }
  lastPrefix = prefix
  const text = key.slice(prefix.length)
  const input = inputOf(text)
  if (input !== undefined || text === 'u') return { prefix, input }
  // No definition makes such a key. Its prefix mustn't look like one that primitives follow.
  if (text === '' || text[0] === ':') return { prefix: '', input: key }
  return { prefix: prefix + text.slice(0, 1), input: text.slice(1) }
}

/** The key that `splitKey` took apart. `prefix`: one that it gave. */
export function joinKey(prefix: string, input: KeyPart): string {
  if (!prefix.endsWith(':')) return `${prefix}${String(input)}`
  return prefix + (typeof input === 'string' ? `s${input}` : primitive(input))
}

/**
 * Whether `splitKey` would split the key into these two, told without making a text. `prefix`: one that `splitKey` gave.
 * May be false though they are: for inputs other than texts and whole numbers of 31 bits.
 */
export function isJoined(key: string, prefix: string, input: unknown): boolean {
  let at = prefix.length
  const end = unitAt(prefix, at - 1)
  const definition = end === 0x3a
  // What others end in isn't all that tells where to split.
  if ((!definition && end !== 0x3d && end !== 0x7e) || !key.startsWith(prefix)) return false
  if (definition && unitAt(key, at++) !== (typeof input === 'string' ? 0x73 : 0x6e)) return false
  if (typeof input === 'string') return key.length === at + input.length && key.endsWith(input)
  if (!definition || typeof input !== 'number' || (input | 0) !== input || input < 0) return false
  let left = input
  let digit = key.length
  do {
    if (digit <= at || unitAt(key, --digit) !== 0x30 + (left % 10)) return false
    left = (left / 10) | 0
  } while (left > 0)
  return digit === at
}

/** The primitive that a canonical text stands for; undefined when it stands for something else, or for undefined. */
function inputOf(text: string): KeyPart {
  const rest = text.slice(1)
  switch (text[0]) {
    case 's':
      return rest
    case 'n':
      return String(Number(rest)) === rest && rest !== 'NaN' ? Number(rest) : undefined
    case 'i':
      return /^-?\d+$/.test(rest) && String(BigInt(rest)) === rest ? BigInt(rest) : undefined
    default:
      if (text === 't') return true
      if (text === 'f') return false
      return text === 'z' ? null : undefined
  }
}

const nameShape = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

/** Checks the name of a namespace, definition or version. */
export function checkName(what: string, name: unknown, longestName = 128): string {
  if (typeof name === 'string' && name.length <= longestName && nameShape.test(name)) return name
  throw new CacheError(
    'INVALID_OPTION',
    `Expected \`${what}\` to be 1 to ${longestName} of the characters A-Z a-z 0-9 . _ : - beginning with a letter or digit, got ${
      name === undefined ? '`undefined`' : `\`${JSON.stringify(name)?.slice(0, 60)}\` (${typeof name})`
    }`,
  )
}

/** Prefixes of a hierarchical raw key, as tags: `user:1:profile` has `user:` and `user:1:`. At most 8 levels count. */
export function prefixesOf(key: string): string[] {
  const prefixes: string[] = []
  for (
    let at = key.indexOf(':');
    at >= 0 && prefixes.length < 8 && at < longest;
    at = key.indexOf(':', at + 1)
  ) {
    prefixes.push(key.slice(0, at + 1))
  }
  return prefixes
}
