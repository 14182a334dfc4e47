import type { Application } from './application.ts'
import { fromDatabase } from './served.ts'
import { drive } from './load.ts'
import type { LoadOptions } from './load.ts'
import { askCache, askDatabase, askedCities, createQuestions } from './questions.ts'
import type { Recorder } from './recorder.ts'
import { createReport } from './report.ts'
import type { Phase, Report } from './report.ts'
import { shownShare } from './table.ts'
import type { Terminal } from './terminal.ts'
import { seededRandom } from './zipf.ts'
import type { CityEdit } from './database/queries.ts'
import { countryStats } from './database/statements.ts'

/** The questions are the same in every run of the demo. */
const seed = 20_260_101
const readers = 64
/** Reads that fill the cache before its run is measured. */
const fillReads = 20_000
/** Faster than that, the load would measure how busy its own thread is. */
const mostPerSecond = 100_000
/** How many times what the database managed alone is asked of both together. */
const pace = 10
/** The bare run needs fewer seconds for a steady picture, since none of its reads depends on an earlier one. */
const bareShare = 1 / 3
/** Filling ends then, filled or not. */
const mostFillSeconds = 10

export interface MeasureOptions {
  readonly seconds: number
  readonly signal: AbortSignal
  readonly terminal: Terminal
}

function note(recorder: Recorder): string {
  const { reads } = recorder.all()
  const hits = reads - recorder.of(fromDatabase).reads
  const share = reads === 0 ? 0 : hits / reads
  return `${reads.toLocaleString('en')} reads, ${shownShare(share)} from the cache`
}

/**
 * Runs the load against the bare queries, then fills the cache, runs the load against it, and compares. Resolves to
 * undefined when the signal ended it early.
 */
export async function measure(
  application: Application,
  options: MeasureOptions,
): Promise<Report | undefined> {
  const { caching, queries, database, served, accessLog } = application
  const { seconds, signal, terminal } = options
  const cities = (await queries.citiesByPopulation()).slice(0, askedCities)
  const random = seededRandom(seed)

  const run = async (
    label: string,
    lasting: number,
    how: Pick<LoadOptions, 'ask' | 'edit' | 'readers' | 'perSecond' | 'mostReads'>,
  ): Promise<Phase> => {
    const before = database.ledger.counts().read
    const load = await drive({
      ...how,
      ask(question) {
        if (question.endpoint === 'city') accessLog.note(question.id)
        return how.ask(question)
      },
      questions: createQuestions(cities, random),
      seconds: lasting,
      signal,
      progress: (done, recorder) => terminal.bar(label, done, note(recorder)),
    })
    return { load, queries: database.ledger.counts().read - before }
  }

  const bare = await run('without cache', seconds * bareShare, {
    ask: askDatabase(queries),
    edit: (id, edit) => queries.updateCity(id, edit),
    // No more than the database serves at a time: its best case, since no read waits for another.
    readers: database.parallel,
    perSecond: mostPerSecond,
  })
  if (signal.aborted) return undefined

  // Nothing of an earlier run counts as a hit, nor can the rows be older than the database that was opened.
  await caching.cache.clear()
  const cache = {
    ask: askCache(caching, served),
    edit: (id: number, edit: CityEdit) => caching.editCity(id, edit),
    readers,
  }
  const fill = await run('filling      ', mostFillSeconds, {
    ...cache,
    perSecond: mostPerSecond,
    mostReads: fillReads,
  })
  const alone = bare.load.recorder.all().reads / bare.load.seconds
  const cached = await run('with cache   ', seconds, {
    ...cache,
    perSecond: Math.min(mostPerSecond, pace * alone),
  })
  if (signal.aborted) return undefined

  const tiers = application.tiers.tiers.map(({ name }) => name)
  return createReport({
    bare,
    fill,
    cached,
    tiers,
    aggregateMs: database.ledger.median(countryStats.name) ?? 0,
  })
}
