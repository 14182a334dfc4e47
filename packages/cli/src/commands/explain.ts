import type { Desk } from '../desk/desk.ts'
import type { Terminal } from '../terminal.ts'
import { addressOf } from './address.ts'
import type { AddressOptions } from './address.ts'

interface Explanation {
  readonly key: string
  readonly wouldLoad: boolean
  readonly steps: readonly {
    readonly tier: string
    readonly outcome: string
    readonly ms: number
    readonly detail: string
  }[]
}

/** `explain KEY`: where an entry is, near to far, and why it is fresh or not. */
export async function explain(
  desk: Desk,
  key: string,
  options: AddressOptions,
  terminal: Terminal,
): Promise<void> {
  const told = (await desk.get('explain', addressOf(key, options))) as Explanation
  terminal.show(told, () => {
    terminal.line(terminal.paint('bold', told.key))
    terminal.line()
    terminal.table(
      ['tier', 'outcome', 'ms', 'detail'],
      told.steps.map(({ tier, outcome, ms, detail }) => [
        tier,
        terminal.paint(outcome === 'hit' ? 'green' : outcome === 'stale' ? 'yellow' : 'red', outcome),
        ms,
        detail,
      ]),
    )
    terminal.line()
    terminal.line(
      told.wouldLoad ? '  A read with a loader would load now.' : '  A read would be answered from here.',
    )
  })
}
