import type { Budget, Writer } from './state.ts'

/** Which protections are on. */
export interface Rules {
  /** When a loaded value may go to the store. */
  readonly fill: 'lease' | 'always' | 'absent' | 'counter'
  /** Is the memory's fence looked at before it is filled and before a flight is joined? */
  readonly localFence: boolean
  /** Does a lost message make the memory suspect, and end the subscription lease? */
  readonly gap: boolean
  /** Are removals that failed kept, and replayed before the store is trusted again? */
  readonly journal: boolean
  /** Do reads of a journalled key leave the store alone? */
  readonly journalFence: boolean
  /** Intents of several writers: a set, or one marker for all. */
  readonly intents: 'set' | 'shared'
  /** What a load that found a write announced leaves in the memory. */
  readonly blockedLoad: 'kept' | 'dropped'
  /** What a load leaves in the memory when the store didn't say whether a write is announced. */
  readonly unaskedLoad: 'kept' | 'dropped'
  /** May an intent lapse although its writer lives? */
  readonly intentsLapse: boolean
  /** Is everything of before unreachable when the store comes back with another history? */
  readonly epoch: boolean
  /** What a missing tag marker means. */
  readonly missingTag: 'invalid' | 'valid'
  /** Which generation an entry is stamped with: the one from before its load, or the one at the fill. */
  readonly stamp: 'before' | 'at-fill'
  /** Who that joined a flight goes back when a tag was removed: anybody who came after a removal, or who came after the last. */
  readonly rejoin: 'any' | 'last'
}

export const protocol: Rules = {
  fill: 'lease',
  localFence: true,
  gap: true,
  journal: true,
  journalFence: true,
  intents: 'set',
  blockedLoad: 'dropped',
  unaskedLoad: 'dropped',
  intentsLapse: false,
  epoch: true,
  missingTag: 'invalid',
  stamp: 'before',
  rejoin: 'any',
}

export interface Variant {
  readonly name: string
  readonly holds: boolean
  readonly rules: Partial<Rules>
  readonly processes: number
  readonly keys: number
  readonly readers: readonly { readonly process: number; readonly key: number }[]
  readonly writers: readonly Pick<Writer, 'process' | 'key' | 'way'>[]
  readonly budget: Partial<Budget>
  /** Do values carry a tag? */
  readonly tagged?: boolean
  /** Do processes have a memory, and share flights? */
  readonly memory: boolean
  /** Minutes of work: only explored with `--wide`. */
  readonly wide?: boolean
}
