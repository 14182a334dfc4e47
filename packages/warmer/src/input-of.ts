import { expectation } from '@tierstack/cache-core'
import type { Cached, KeyOf } from '@tierstack/cache-core'

/**
 * The way back from an entry's full key to the input of a definition whose inputs are texts, numbers, bigints or booleans
 * and which has no `key` of its own. Undefined for keys of other definitions, and for texts too long to stand in a key.
 */
export function inputOf<K extends KeyOf>(
  cached: Pick<Cached<K, unknown>, 'keyFor'>,
): (key: string) => K | undefined {
  const probe = 'probe'
  const whole = cached.keyFor(probe as K)
  if (!whole.endsWith(`:s${probe}`)) {
    throw expectation(
      'inputOf',
      'given, as the definition has a `key` of its own: it tells the input of an entry by its key',
      undefined,
    )
  }
  const prefix = whole.slice(0, -probe.length - 1)
  return (key) => (key.startsWith(prefix) ? (parsed(key.slice(prefix.length)) as K | undefined) : undefined)
}

function parsed(text: string): unknown {
  const rest = text.slice(1)
  switch (text[0]) {
    case 's':
      return rest
    case 'n':
      return Number(rest)
    case 'i':
      return BigInt(rest)
    case 't':
      return true
    case 'f':
      return false
    default:
      return undefined
  }
}
