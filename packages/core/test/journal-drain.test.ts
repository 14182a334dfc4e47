import { expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { Events } from '../src/events.ts'
import { Journal } from '../src/journal.ts'
import { JournalDrain } from '../src/journal-drain.ts'
import { LinkTrouble } from '../src/link-trouble.ts'
import type { RemoteTier } from '../src/remote-tier.ts'

function drained(events: string[]) {
  const journal = new Journal()
  const tier: Pick<RemoteTier, 'name' | 'delete'> = {
    name: 'fake',
    delete: async (keys) => {
      events.push(...keys)
    },
  }
  const drain = new JournalDrain(tier as RemoteTier, journal, {
    clock: systemClock,
    trouble: new LinkTrouble('fake', systemClock, new Events()),
    isUp: () => true,
    session: () => 0,
    failed: () => {},
    replayed: () => {},
  })
  return { journal, drain }
}

test('a removal that is queued as a run ends is not left in the journal', async () => {
  for (let after = 0; after < 40; after++) {
    const removed: string[] = []
    const { journal, drain } = drained(removed)
    journal.addKeys(['first'], false)
    void drain.now()
    for (let i = 0; i < after; i++) await Promise.resolve()
    journal.addKeys(['second'], false)
    expect([after, await drain.now(), journal.size, removed]).toEqual([after, 'done', 0, ['first', 'second']])
  }
})
