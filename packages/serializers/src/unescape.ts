import { reviveBytes } from './bytes-kinds.ts'
import { maxDepth, put } from './escape.ts'

/** One more than what is written, because the escape of a leaf is itself an array. */
export const maxDepthRead: number = maxDepth + 1

const numbers: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
])

function refuse(kind: unknown): never {
  throw new Error(`malformed escape ${typeof kind === 'string' ? JSON.stringify(kind.slice(0, 20)) : ''}`)
}

/** Hexadecimal, because reading decimal digits takes more than linear time. */
function bigintOf(hex: unknown): bigint {
  if (typeof hex !== 'string' || !/^-?[\da-f]+$/.test(hex)) refuse('bigint')
  return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)
}

function dateOf(time: unknown): Date {
  if (time !== null && typeof time !== 'number') refuse('date')
  return new Date(time ?? Number.NaN)
}

function bytesObject(kind: unknown, base64: unknown): object {
  if (typeof kind !== 'string' || typeof base64 !== 'string') refuse('bytes')
  return reviveBytes(kind, Buffer.from(base64, 'base64'))
}

function textOf(bytes: unknown): string {
  if (!Buffer.isBuffer(bytes) || bytes.length % 2 !== 0) refuse('text')
  return bytes.toString('utf16le')
}

function mapOf(pairs: readonly unknown[]): Map<unknown, unknown> {
  if (pairs.length % 2 !== 0) refuse('map')
  const map = new Map<unknown, unknown>()
  for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1])
  return map
}

function objectOf(kind: 'object' | 'bare', pairs: readonly unknown[]): object {
  if (pairs.length % 2 !== 0) refuse(kind)
  const object = kind === 'bare' ? (Object.create(null) as object) : {}
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]
    if (typeof name !== 'string') refuse(kind)
    put(object, name, pairs[i + 1])
  }
  return object
}

/** What an escape stands for. Its operands are unescaped already. */
function meaning(kind: unknown, operands: unknown[]): unknown {
  switch (kind) {
    case 'array':
      return operands
    case 'map':
      return mapOf(operands)
    case 'set':
      return new Set(operands)
    case 'object':
    case 'bare':
      return objectOf(kind, operands)
    case 'bytes':
      return operands.length === 2 ? bytesObject(operands[0], operands[1]) : refuse(kind)
    case 'undefined':
      return operands.length === 0 ? undefined : refuse(kind)
  }
  if (operands.length !== 1) refuse(kind)
  const operand = operands[0]
  switch (kind) {
    case 'number':
      return numbers.get(operand) ?? refuse(kind)
    case 'bigint':
      return bigintOf(operand)
    case 'date':
      return dateOf(operand)
    case 'text':
      return textOf(operand)
    default:
      return refuse(kind)
  }
}

/**
 * Undoes `escape`, in place where it can, so the tree must be the caller's own, and no deeper than `maxDepthRead`.
 * Throws for an escape that `escape` never writes.
 */
export function unescape(tree: unknown, mark: unknown): unknown {
  if (typeof tree !== 'object' || tree === null || ArrayBuffer.isView(tree)) return tree
  if (Array.isArray(tree)) {
    const escaped = tree.length > 0 && tree[0] === mark
    for (let i = escaped ? 2 : 0; i < tree.length; i++) tree[i] = unescape(tree[i], mark)
    return escaped ? meaning(tree[1], tree.slice(2)) : tree
  }
  if (tree instanceof Map) return mapOf([...tree].flat().map((item) => unescape(item, mark)))
  if (tree instanceof Set) return new Set([...tree].map((item) => unescape(item, mark)))
  for (const name of Object.keys(tree)) {
    const item = (tree as Record<string, unknown>)[name]
    const meant = unescape(item, mark)
    if (!Object.is(meant, item)) put(tree, name, meant)
  }
  return tree
}
