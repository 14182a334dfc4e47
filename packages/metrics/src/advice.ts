/** One thing that an operator should know or change. */
export interface Advice {
  readonly kind:
    | 'low-hit-rate'
    | 'never-hit'
    | 'ttl-too-short'
    | 'ttl-too-long'
    | 'oversized'
    | 'hot-key'
    | 'memory-too-small'
    | 'source-saved'
  /** Undefined where it concerns a tier. */
  readonly definition: string | undefined
  readonly tier: string | undefined
  /** What was found, in one sentence. */
  readonly found: string
  /** What to do, in one sentence; empty where there is nothing to do. */
  readonly fix: string
  /** The numbers behind the sentence. */
  readonly figures: Readonly<Record<string, number>>
}

/** What was observed of the reloads of one definition: loads that replaced a value which was known. */
export interface Reloads {
  readonly changed: number
  readonly same: number
}

export const percent = (share: number): string => `${Math.round(share * 1_000) / 10} %`

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`
  if (ms < 7_200_000) return `${Math.round(ms / 6_000) / 10} min`
  return `${Math.round(ms / 360_000) / 10} h`
}
