import { setTimeout as sleep } from 'node:timers/promises'
import type { City, CityEdit } from './database/queries.ts'
import type { Ask, Questions } from './questions.ts'
import { Recorder } from './recorder.ts'

/** One edit per so many reads. */
const readsPerEdit = 5_000
const longestTurnMs = 2
const longestBurstMs = 20

export interface LoadOptions {
  readonly ask: Ask
  readonly edit: (id: number, edit: CityEdit) => Promise<unknown>
  readonly questions: Questions
  /** Readers that each ask one question after the other. */
  readonly readers: number
  /** Reads begun per second, at most. */
  readonly perSecond: number
  readonly seconds: number
  /** Ends the load before its time. @default Infinity */
  readonly mostReads?: number
  /** Ends the load early. */
  readonly signal: AbortSignal
  /** Called some ten times a second. */
  readonly progress?: (share: number, recorder: Recorder) => void
}

export interface LoadResult {
  readonly recorder: Recorder
  readonly edits: number
  /** Reads and edits that were rejected. */
  readonly errors: number
  readonly firstError: unknown
  readonly seconds: number
}

/** Population in the thousand where it was, so that no number of edits moves a city in the ranking. */
function editOf(city: City, count: number): CityEdit {
  return { population: city.population - (city.population % 1_000) + (count % 1_000) }
}

/** Resolves once the event loop has been around: timers ran, and what other tiers answered came through. */
function aroundTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Lets readers ask for some seconds, and edits rows in between. */
export async function drive(options: LoadOptions): Promise<LoadResult> {
  const {
    ask,
    edit,
    questions,
    readers,
    perSecond,
    seconds,
    mostReads = Infinity,
    signal,
    progress,
  } = options
  const perMs = perSecond / 1_000
  // After a stall the load goes on at its pace instead of making up for what was missed.
  const mostAllowed = Math.max(1, perMs * longestBurstMs)
  const recorder = new Recorder()
  const running = new Set<Promise<void>>()
  const began = performance.now()
  const end = began + seconds * 1_000
  let edits = 0
  let errors = 0
  let firstError: unknown
  let begun = 0

  const one = async (): Promise<void> => {
    try {
      if (++begun % readsPerEdit === 0) {
        const city = questions.city()
        await edit(city.id, editOf(city, ++edits))
      }
      const question = questions.ask()
      const { source, ms } = await ask(question)
      recorder.record(question.endpoint, source, ms)
    } catch (error) {
      if (errors++ === 0) firstError = error
    }
  }

  const done = (): number => Math.max((performance.now() - began) / (seconds * 1_000), begun / mostReads)
  const ticker = setInterval(() => progress?.(done(), recorder), 100)
  let allowed = 1
  let last = began
  let turnedAt = began
  let turn: Promise<void> | undefined
  const turned = (): Promise<void> =>
    (turn ??= aroundTheLoop().then(() => {
      turn = undefined
      turnedAt = performance.now()
    }))

  while (begun < mostReads && !signal.aborted) {
    const now = performance.now()
    if (now >= end) break
    allowed = Math.min(allowed + perMs * (now - last), mostAllowed)
    last = now
    if (running.size >= readers) {
      await Promise.race(running)
    } else if (allowed < 1) {
      await sleep(1)
    } else if (now - turnedAt > longestTurnMs) {
      // A hit in memory never leaves the microtask queue: nothing else would ever get its turn.
      await turned()
    } else {
      allowed--
      const read = one().finally(() => running.delete(read))
      running.add(read)
      // A hit in memory ends before the next read begins, so that its time is its own; others go on beside it.
      await Promise.race([read, turned()])
    }
  }
  await Promise.all(running)
  clearInterval(ticker)
  progress?.(1, recorder)
  return { recorder, edits, errors, firstError, seconds: (performance.now() - began) / 1_000 }
}
