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
  return (key) => {
    if (!key.startsWith(prefix)) return undefined
    const input = parsed(key.slice(prefix.length)) as K | undefined
    // A file may be damaged, or made by another version.
    return input !== undefined && cached.keyFor(input) === key ? input : undefined
  }
}

function parsed(text: string): unknown {
  const rest = text.slice(1)
  switch (text[0]) {
    case 's':
      return rest
    case 'n': {
      const number = Number(rest)
      return Number.isNaN(number) ? undefined : number
    }
    case 'i':
      return /^-?\d+$/.test(rest) ? BigInt(rest) : undefined
    case 't':
      return true
    case 'f':
      return false
    default:
      return undefined
  }
}
