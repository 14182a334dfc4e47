import type { Codec } from './codec.ts'
import { CacheError } from './errors.ts'

/** Shows a value in an error sentence: short, on one line, with its type. */
export function shown(value: unknown): string {
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  let text: string
  try {
    text =
      typeof value === 'string'
        ? JSON.stringify(value)
        : typeof value === 'object' && value !== null
          ? (JSON.stringify(value) ?? Object.prototype.toString.call(value))
          : String(value)
  } catch {
    text = Object.prototype.toString.call(value)
  }
  text = text.replaceAll(/\s+/g, ' ')
  if (text.length > 60) text = `${text.slice(0, 57)}...`
  return type === text ? `\`${text}\`` : `\`${text}\` (${type})`
}

/** The one sentence shape of this project: ``Expected `maxEntries` to be a positive integer, got `-1` (number)``. */
export function expectation(what: string, toBe: string, got: unknown): CacheError {
  return new CacheError('INVALID_OPTION', `Expected \`${what}\` to be ${toBe}, got ${shown(got)}`)
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, swap))
    }
    row = next
  }
  return row[b.length] as number
}

/** The known name that was most likely meant, or undefined when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase())
    if (d < bestDistance) {
      best = candidate
      bestDistance = d
    }
  }
  return best
}

/** Refuses anything but a plain object with known keys. Unknown keys are errors that suggest the nearest known one. */
export function checkKeys(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw expectation(what, 'an object of options', given)
  }
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue
    const near = nearest(key, known)
    throw new CacheError(
      'INVALID_OPTION',
      `Expected only known options in \`${what}\`, got \`${key}\`${near ? `; did you mean \`${near}\`?` : `. Known: ${known.join(', ')}`}`,
    )
  }
}

/** Refuses anything but an object with these methods. */
export function checkMethods(what: string, given: unknown, toBe: string, methods: readonly string[]): void {
  for (const method of methods) {
    if (typeof (given as Record<string, unknown> | null | undefined)?.[method] === 'function') continue
    throw expectation(what, `${toBe} with \`${methods.join('`, `')}\``, given)
  }
}

/** Refuses anything but a text with something in it. */
export function checkName(what: string, given: unknown): void {
  if (typeof given !== 'string' || given === '') throw expectation(what, 'a non-empty string', given)
}

/** Refuses anything but a codec, as far as one can see. */
export function checkCodec(given: Partial<Codec> | null | undefined): void {
  if (typeof given?.encode !== 'function' || typeof given.decode !== 'function')
    throw expectation('codec', 'a codec with encode and decode', given)
}

/** Refuses anything but one of the given words. */
export function checkOneOf<const W extends string | boolean>(
  what: string,
  got: unknown,
  words: readonly W[],
): W {
  if ((words as readonly unknown[]).includes(got)) return got as W
  const list = words.map((w) => (typeof w === 'string' ? `'${w}'` : String(w))).join(', ')
  throw expectation(what, `one of ${list}`, got)
}
