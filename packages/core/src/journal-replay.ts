import type { Journal, JournalPage } from './journal.ts'
import { isUnreplicated } from './link-trouble.ts'
import type { RemoteTier } from './remote-tier.ts'

/** `unreplicated`: everything was done, but not confirmed by as many replicas as asked for. */
export type Drained = 'done' | 'unreplicated' | 'failed'

/** Names of one command. */
const most = 500

/** Replays queued removals to a tier, page by page, until none is left. */
export async function replay(
  tier: RemoteTier,
  journal: Journal,
  o: {
    readonly inTime: (step: Promise<void>) => Promise<void>
    readonly failed: (error: unknown) => void
    /** The session that answers belong to: those of an earlier one are void. */
    readonly session: () => number
    readonly replayed: (page: JournalPage) => void
  },
): Promise<Drained> {
  for (let page = journal.page(); journal.size > 0; page = journal.page()) {
    const session = o.session()
    let missing = false
    for (const step of stepsOf(tier, page)) {
      try {
        await o.inTime(step())
      } catch (error) {
        o.failed(error)
        if (!isUnreplicated(error)) return 'failed'
        missing = true
      }
    }
    if (session !== o.session()) return 'failed'
    if (missing) return 'unreplicated'
    o.replayed(page)
    page.confirm()
  }
  return 'done'
}

function stepsOf(tier: RemoteTier, page: JournalPage): readonly (() => Promise<void>)[] {
  const { coherence } = tier
  const steps: (() => Promise<void>)[] = []
  if (page.all) steps.push(() => tier.clear())
  const hard = coherence ? page.keys : [...page.keys, ...page.softKeys]
  for (const keys of chunks(hard)) steps.push(() => tier.delete(keys))
  if (coherence) {
    for (const keys of chunks(page.softKeys)) steps.push(() => coherence.expire(keys))
    for (const tags of chunks(page.tags)) steps.push(() => coherence.invalidate(tags, false))
    for (const tags of chunks(page.softTags)) steps.push(() => coherence.invalidate(tags, true))
  } else if (page.tags.length + page.softTags.length > 0) steps.push(() => tier.clear())
  return steps
}

function chunks(names: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(names.length / most) }, (_, i) =>
    names.slice(i * most, (i + 1) * most),
  )
}
