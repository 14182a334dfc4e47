// Counts page views as fast as they are acknowledged, and tells of each: to be killed by `page-views.test.ts`.
import { createCache } from '@tierstack/cache-core'
import type { Tier } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { Closing } from '../src/closing.ts'
import { countPageViews, openViewStore } from '../src/page-views.ts'

const [folder, databaseUrl] = process.argv.slice(2)
const store = await openViewStore({ folder: folder || undefined, databaseUrl }, new Closing())
const tiers: readonly Tier[] = [memory()]
const cache = createCache({ namespace: 'views-test', tiers, writeQueue: store.queue })
const views = countPageViews(cache, store.table)
process.on('disconnect', () => process.exit(0))

const cities = [1, 2, 3]
await Promise.all(
  cities.map(async (id) => {
    for (;;) {
      // Two at once are one write.
      const counts = await Promise.all([views.note(id), views.note(id)])
      process.send?.({ id, counts })
    }
  }),
)
