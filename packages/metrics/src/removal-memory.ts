import type { EventMap, Removal } from '@tierstack/cache-core'
import type { Administered } from './administered.ts'

/** A removal that concerned an entry: who asked for it, when, and by which name it was meant. */
export interface Removed {
  /** Wall-clock instant, ms. */
  readonly at: number
  /** `local`: this process; `bus`: another one; `db`: the change feed. */
  readonly origin: EventMap['invalidate']['origin']
  readonly by: 'key' | 'tag' | 'definition' | 'namespace' | 'pattern' | 'all'
  /** The tag, where it was one. */
  readonly tag?: string
  readonly soft: boolean
}

export interface RemovalMemory {
  /** The last removal that concerned a key, or an entry with these tags; undefined where none is remembered. */
  last(key: string, tags: readonly string[]): Removed | undefined
  forget(): void
}

/** Names that are remembered, the oldest forgotten first. */
const mostNames = 5_000
/** Names of one removal: a bulk one must not push all others out. */
const mostOfOne = 500

/**
 * Remembers the last removals of a cache by the names they gave, in bounded memory. A removal costs a map entry for each of its
 * names, a read nothing.
 */
export function rememberRemovals(cache: Pick<Administered, 'on'>): RemovalMemory {
  const names = new Map<string, Omit<Removed, 'by' | 'tag'>>()
  let all: Removed | undefined
  const stop = cache.on('invalidate', (event) => {
    const removal = event.removal()
    const soft = removal.kind !== 'all' && removal.soft
    const removed = { at: Date.now(), origin: event.origin, soft }
    if (removal.kind === 'all') all = { ...removed, by: 'all' }
    for (const name of namesOf(removal)) {
      // Again at the end: a map is in the order of its first insertions.
      names.delete(name)
      names.set(name, removed)
    }
    for (const oldest of names.keys()) {
      if (names.size <= mostNames) break
      names.delete(oldest)
    }
  })
  return {
    last(key, tags) {
      const found: (Removed | undefined)[] = [all]
      const byKey = names.get(keyName(key))
      if (byKey) found.push({ ...byKey, by: 'key' })
      for (const tag of tags) {
        const byTag = names.get(tagName(tag))
        if (byTag) found.push({ ...byTag, ...meant(tag) })
      }
      return found
        .filter((one) => one !== undefined)
        .toSorted((a, b) => b.at - a.at)
        .at(0)
    },
    forget: stop,
  }
}

const keyName = (key: string): string => `k${key}`
const tagName = (tag: string): string => `t${tag}`

function namesOf(removal: Removal): string[] {
  if (removal.kind === 'all') return []
  return removal.kind === 'keys'
    ? removal.keys.slice(0, mostOfOne).map(keyName)
    : removal.tags.slice(0, mostOfOne).map(tagName)
}

/** What an operator calls it: the cache's own tags stand for parts of it. */
function meant(tag: string): Pick<Removed, 'by' | 'tag'> {
  if (tag.startsWith('!d')) return { by: 'definition' }
  if (tag.startsWith('!n')) return { by: 'namespace' }
  if (tag.startsWith('!p')) return { by: 'pattern' }
  return { by: 'tag', tag }
}
