import type { Desk } from '../desk/desk.ts'
import { shownBytes, shownMs, shownShare } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

interface DefinitionCounts {
  readonly hits: Readonly<Record<string, number>>
  readonly stale: number
  readonly misses: number
  readonly loads: number
  readonly loadErrors: number
  readonly savedMs: number
  readonly fenced: number
}

export interface TierCounts {
  readonly state: string
  readonly size?: number
  readonly bytes?: number
  readonly errors: number
  readonly timeouts: number
  readonly queued: number
}

interface Stats {
  readonly uptimeMs: number
  readonly stats: {
    readonly definitions: Readonly<Record<string, DefinitionCounts>>
    readonly tiers: Readonly<Record<string, TierCounts>>
  }
}

/** `stats` of a running app: everything counted since its start. */
export async function stats(desk: Desk, terminal: Terminal): Promise<void> {
  const told = (await desk.get('stats')) as Stats
  terminal.show(told, () => {
    terminal.line(terminal.paint('bold', `${desk.title}, counted for ${shownMs(told.uptimeMs)}`))
    terminal.line()
    const tiers = Object.keys(told.stats.tiers)
    terminal.table(
      [
        'definition',
        'hit rate',
        ...tiers.map((tier) => `hits ${tier}`),
        'stale',
        'misses',
        'loads',
        'errors',
        'saved',
      ],
      Object.entries(told.stats.definitions).map(([name, counts]) => definitionRow(name, counts, tiers)),
    )
    terminal.line()
    showTiers(told.stats.tiers, terminal)
  })
}

function definitionRow(name: string, counts: DefinitionCounts, tiers: readonly string[]) {
  const { hits, stale, misses, loads, loadErrors, savedMs } = counts
  const found = Object.values(hits).reduce((a, b) => a + b, stale)
  const rate = found + misses === 0 ? null : found / (found + misses)
  return [
    name || '(raw keys)',
    shownShare(rate),
    ...tiers.map((tier) => hits[tier] ?? 0),
    stale,
    misses,
    loads,
    loadErrors,
    shownMs(savedMs),
  ]
}

export function showTiers(tiers: Readonly<Record<string, TierCounts>>, terminal: Terminal): void {
  const colours = { up: 'green', degraded: 'yellow', down: 'red' } as const
  terminal.table(
    ['tier', 'state', 'entries', 'bytes', 'errors', 'timeouts', 'queued removals'],
    Object.entries(tiers).map(([name, { state, size, bytes, errors, timeouts, queued }]) => [
      name,
      terminal.paint(colours[state as keyof typeof colours] ?? 'white', state),
      size,
      shownBytes(bytes),
      errors,
      timeouts,
      queued,
    ]),
  )
}
