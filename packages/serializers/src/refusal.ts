import { CacheError } from '@tierstack/cache-core'

/** Containers from the whole value inwards, and beside each the step taken from it: a name, or a position. */
export interface Trail {
  readonly containers: readonly object[]
  readonly steps: readonly (string | number)[]
}

const identifier = /^[A-Za-z_$][\w$]*$/

function shortened(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 37)}...` : name)
}

function stepText(container: object, step: string | number): string {
  if (typeof step === 'string') return identifier.test(step) ? `.${step}` : `[${shortened(step)}]`
  if (Array.isArray(container)) return `[${step}]`
  if (container instanceof Set) return `.values()[${step}]`
  // Steps through a Map count its keys and values alternately.
  const position = step >> 1
  if (step % 2 === 0) return `.keys()[${position}]`
  const key = [...(container as Map<unknown, unknown>).keys()][position]
  return typeof key === 'string' ? `.get(${shortened(key)})` : `.values()[${position}]`
}

/** Where in the value a trail leads, in the syntax of JavaScript: `value.user.tags[3]`. */
export function pathOf({ containers, steps }: Trail): string {
  return `value${steps.map((step, depth) => stepText(containers[depth] as object, step)).join('')}`
}

/** What an object with a prototype is, for people. Never runs the object's own code. */
export function classOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof maker !== 'function') return 'an object with an unusual prototype'
  const name: unknown = Object.getOwnPropertyDescriptor(maker, 'name')?.value
  return typeof name === 'string' && name !== ''
    ? `an instance of \`${name}\``
    : 'an instance of a nameless class'
}

/** The error for a value that would not come back the same. */
export function refusal(trail: Trail, got: string, cause?: unknown): CacheError {
  return new CacheError(
    'UNENCODABLE',
    `Expected \`${pathOf(trail)}\` to be data that comes back the same, got ${got}`,
    cause === undefined ? undefined : { cause },
  )
}

/** The error for a value that was checked, and that the format still can't hold: too long, or other when read again. */
export function unwritable(cause: unknown): CacheError {
  return refusal({ containers: [], steps: [] }, `what can not be written: ${(cause as Error).message}`, cause)
}
