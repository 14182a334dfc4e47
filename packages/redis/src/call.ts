import type { Word } from './port.ts'
import type { ScriptName } from './scripts.ts'

/** A command for the node that holds a bucket. */
export interface Call {
  readonly bucket: number
  readonly words: readonly Word[]
  /**
   * Counts only if the epoch is still the one that the keys are of. `within`: the command is an MGET whose first key is
   * the epoch's.
   */
  readonly guarded?: boolean | 'within'
}

/** A script for the node that holds a bucket. All keys are of that bucket. */
export interface ScriptCall {
  readonly bucket: number
  readonly script: ScriptName
  readonly keys: readonly string[]
  readonly args: readonly Word[]
}

export type AnyCall = Call | ScriptCall
