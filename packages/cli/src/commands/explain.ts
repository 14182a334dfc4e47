import type { Desk } from '../desk/desk.ts'
import type { Terminal } from '../terminal.ts'
import { addressOf } from './address.ts'
import type { AddressOptions } from './address.ts'

/** The last removal that concerned the entry, as far as the app remembers. */
interface Removed {
  readonly at: number
  readonly origin: 'local' | 'bus' | 'db'
  readonly by: 'key' | 'tag' | 'definition' | 'namespace' | 'pattern' | 'all'
  readonly tag?: string
  readonly soft: boolean
}

interface Explanation {
  readonly key: string
  readonly wouldLoad: boolean
  readonly steps: readonly {
    readonly tier: string
    readonly outcome: string
    readonly ms: number
    readonly detail: string
  }[]
  readonly removed?: Removed
}

/** `explain KEY`: where an entry is, near to far, why it is fresh or not, and who removed it last. */
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
    if (told.removed) terminal.line(`  ${removedText(told.removed)}`)
  })
}

const askers = {
  local: 'by the app that was asked',
  bus: 'by another process',
  db: 'by the change feed, as its row changed',
} as const

const manners = {
  key: 'by its key',
  tag: 'by a tag',
  definition: 'with its whole definition',
  namespace: 'with its whole namespace',
  pattern: 'with a pattern of keys',
  all: 'with everything',
} as const

function removedText({ at, origin, by, tag, soft }: Removed): string {
  const manner = tag === undefined ? manners[by] : `by the tag ${tag}`
  return `Last ${soft ? 'softly ' : ''}removed at ${new Date(at).toISOString()} ${askers[origin]}, ${manner}.`
}
