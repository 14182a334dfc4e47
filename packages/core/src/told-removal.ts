import type { Removal } from './bus.ts'
import type { Chain } from './chain.ts'
import type { RemovalTold } from './tracing.ts'

/** Who asked for a removal made here: the application, or the database by way of its change feed. */
export type Origin = 'local' | 'db'

/** What a trace says of a removal. */
export function toldOf(removal: Removal): RemovalTold {
  if (removal.kind === 'all') return { kind: 'all', names: 0, soft: false }
  const { kind, soft } = removal
  return { kind, soft, names: (kind === 'keys' ? removal.keys : removal.tags).length }
}

/** Tells listeners of a removal. */
export function emitRemoval(chain: Chain, removal: Removal, origin: Origin | 'bus'): void {
  chain.events.emit('invalidate', {
    keys: removal.kind === 'keys' ? removal.keys.length : 0,
    tags: removal.kind === 'tags' ? removal.tags : [],
    origin,
    removal: () => removal,
  })
}
