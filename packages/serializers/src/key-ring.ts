import { expectation } from '@tierstack/cache-core'
import { secretBytes } from './secret.ts'
import type { KeySource, SecretKey } from './secret.ts'

/** Keys that the program holds. The newest writes, all of them read. */
export interface KeyRing extends KeySource {
  /** Ids, newest first. */
  readonly ids: readonly string[]
  /** From now on writes with this key; the others go on reading. Throws when the ring has another secret of that id. */
  rotate(key: SecretKey): void
  /** From now on frames of this key are misses. Throws for the key that writes. */
  retire(id: string): void
}

/**
 * A ring of keys, the newest first. To rotate over a fleet: give every process the new key as a further one, then put
 * it first, and retire the old one when the longest ttl has passed. Works on a copy of the list.
 *
 * @example
 * encrypt({ keys: keyRing([{ id: '2', secret: process.env.CACHE_KEY_2 }, { id: '1', secret: process.env.CACHE_KEY_1 }]) })
 */
export function keyRing(keys: readonly SecretKey[]): KeyRing {
  if (!Array.isArray(keys) || keys.length === 0) throw expectation('keys', 'a list of at least one key', [])
  const ring = new Map<string, SecretKey>()
  let writing = ''
  const add = (key: SecretKey) => {
    const secret = secretBytes('keys', key)
    const known = ring.get(key.id)
    if (known && !Buffer.from(known.secret as Uint8Array).equals(secret)) {
      throw expectation('keys', `a list in which every secret has an id of its own`, key.id)
    }
    if (!known) ring.set(key.id, Object.freeze({ id: key.id, secret: Uint8Array.from(secret) }))
  }
  for (const key of keys) add(key)
  writing = (keys[0] as SecretKey).id
  return Object.freeze({
    get ids() {
      return [writing, ...[...ring.keys()].filter((id) => id !== writing)]
    },
    current: () => ring.get(writing) as SecretKey,
    byId: (id: string) => ring.get(id),
    forget: () => {},
    rotate(key: SecretKey) {
      add(key)
      writing = key.id
    },
    retire(id: string) {
      if (id === writing) throw expectation('id', 'a key that is not the one that writes', id)
      ring.delete(id)
    },
  })
}
