import type { Desk } from '../desk/desk.ts'
import { shownMs, shownShare } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { showTiers } from './stats.ts'
import type { TierCounts } from './stats.ts'

interface Top {
  readonly seconds: number
  readonly definitions: readonly {
    readonly name: string
    readonly readsPerSecond: number
    readonly hitsPerSecond: Readonly<Record<string, number>>
    readonly missesPerSecond: number
    readonly loadsPerSecond: number
    readonly hitRate: number | null
    readonly loadMs: number | null
    readonly savedMsPerSecond: number
  }[]
  readonly tiers: Readonly<Record<string, TierCounts>>
  readonly buses: Readonly<
    Record<string, { readonly gaps: number; readonly live: boolean; readonly lagMs?: number }>
  >
  readonly removalsPerSecond: { readonly local: number; readonly bus: number }
  readonly keys: readonly { readonly key: string; readonly share: number; readonly readsPerSecond: number }[]
}

const home = '\u001B[H\u001B[J'

/** `top`: what happens now, again and again until interrupted; once where nobody looks. */
export async function top(
  desk: Desk,
  { seconds, once }: { readonly seconds: number; readonly once: boolean },
  terminal: Terminal,
): Promise<void> {
  const { io } = terminal
  const live = io.interactive && !terminal.asJson && !once
  do {
    const told = (await desk.get('top', { ms: String(Math.round(seconds * 1_000)) })) as Top
    if (io.signal.aborted) return
    if (live) io.out(home)
    terminal.show(told, () => draw(desk.title, told, terminal))
  } while (!once && !io.signal.aborted)
}

function draw(title: string, told: Top, terminal: Terminal): void {
  const reads = told.definitions.reduce((sum, one) => sum + one.readsPerSecond, 0)
  const loads = told.definitions.reduce((sum, one) => sum + one.loadsPerSecond, 0)
  terminal.line(
    terminal.paint(
      'bold',
      `${title}   ${Math.round(reads)} reads/s   ${Math.round(loads)} loads/s   ${shownShare(reads === 0 ? null : 1 - loads / reads)} spared`,
    ),
  )
  terminal.line()
  const tiers = Object.keys(told.tiers)
  terminal.table(
    ['definition', 'reads/s', 'hit rate', ...tiers.map((tier) => `${tier}/s`), 'loads/s', 'load', 'saved/s'],
    told.definitions
      .filter((one) => one.readsPerSecond > 0)
      .map((one) => [
        one.name,
        one.readsPerSecond,
        shownShare(one.hitRate),
        ...tiers.map((tier) => one.hitsPerSecond[tier] ?? 0),
        one.loadsPerSecond,
        one.loadMs === null ? '' : shownMs(one.loadMs),
        shownMs(one.savedMsPerSecond),
      ]),
  )
  terminal.line()
  showTiers(told.tiers, terminal)
  terminal.line()
  terminal.table(
    ['hot key', 'reads/s', 'of all'],
    told.keys.slice(0, 10).map((one) => [one.key, one.readsPerSecond, shownShare(one.share)]),
  )
  const silent = Object.entries(told.buses).filter(([, bus]) => !bus.live)
  for (const [name] of silent) terminal.line(terminal.paint('red', `\n  the bus of ${name} is silent`))
}
