import { bulkScripts } from './bulk-scripts.ts'
import { entryScripts } from './entry-scripts.ts'
import { guard } from './lua-functions.ts'
import { namespaceScripts } from './namespace-scripts.ts'
import { tagScripts } from './tag-scripts.ts'

/*
 * The server's side of the protocol, one script per verb: atomic, and one round trip.
 *
 * KEYS of one call share a Cluster slot. A script that announces something takes the sequence key first, the channel
 * as ARGV[1], and the bodies of its messages last. Three habits:
 * - Removals begin with PERSIST, a write that needs no memory: a script that has written may write on when
 *   `maxmemory` is reached, so that a full server still takes removals.
 * - What touches entries is guarded by the epoch: who hasn't heard of a `clear` is told so instead of being served.
 * - A counter that is missing (evicted, flushed) restarts at the server's time in µs: always beyond what it was, so
 *   that nobody takes the new count for the old one.
 */

export type ScriptName =
  | keyof typeof namespaceScripts
  | keyof typeof entryScripts
  | keyof typeof bulkScripts
  | keyof typeof tagScripts

const scripts: Readonly<Record<ScriptName, string>> = {
  ...namespaceScripts,
  ...entryScripts,
  ...bulkScripts,
  ...tagScripts,
}

export const scriptNames: readonly ScriptName[] = Object.keys(scripts) as ScriptName[]

/** Text up to the run id makes the SHA different on each run of a server: a restarted one doesn't know our scripts. */
export function scriptText(name: ScriptName, runId: string, sharded: boolean): string {
  const publish = sharded ? 'SPUBLISH' : 'PUBLISH'
  const text = `-- tierstack ${name} on ${runId}\n${isGuarded(name) ? guard : ''}${scripts[name]}\n`
  return text.replaceAll('$PUBLISH', publish)
}

/** Scripts that take the epoch's key before the other KEYS, and the epoch that the keys are of before the other ARGV. */
export function isGuarded(name: ScriptName): boolean {
  return name in entryScripts || name in bulkScripts
}
