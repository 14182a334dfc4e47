import { setTimeout as sleep } from 'node:timers/promises'
import type { City, CityEdit } from './database/queries.ts'
import type { Ask, Question } from './questions.ts'
import { Recorder } from './recorder.ts'

/** One edit per so many reads. */
export const readsPerEdit = 5_000
const turnMs = 1

export interface LoadOptions {
  readonly ask: Ask
  readonly edit: (id: number, edit: CityEdit) => Promise<unknown>
  readonly questions: { ask(): Question; city(): City }
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
  const recorder = new Recorder()
  const began = performance.now()
  const end = began + seconds * 1_000
  let edits = 0
  let errors = 0
  let firstError: unknown
  let begun = 0
  let allowed = 1
  let over = false

  // All readers that used up the allowance wait for the same turn of the event loop: a memory hit never leaves the
  // microtask queue, and without turns neither a timer nor an answer of another tier would come through.
  const nextTurn = async (): Promise<void> => {
    const from = performance.now()
    await sleep(turnMs)
    const now = performance.now()
    // After a stall the load goes on at its pace instead of making up for what was missed.
    allowed = Math.min(allowed + perMs * (now - from), begun + Math.max(1, perMs * 20 * turnMs))
    over = now >= end || signal.aborted
  }
  let turn: Promise<void> | undefined

  const reader = async (): Promise<void> => {
    while (!over) {
      if (begun + 1 > allowed) {
        turn ??= nextTurn().finally(() => {
          turn = undefined
        })
        await turn
        continue
      }
      begun++
      if (begun >= mostReads) over = true
      try {
        if (begun % readsPerEdit === 0) {
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
  }

  const done = (): number => Math.max((performance.now() - began) / (seconds * 1_000), begun / mostReads)
  const ticker = setInterval(() => progress?.(done(), recorder), 100)
  try {
    await Promise.all(Array.from({ length: readers }, reader))
  } finally {
    clearInterval(ticker)
  }
  progress?.(1, recorder)
  return { recorder, edits, errors, firstError, seconds: (performance.now() - began) / 1_000 }
}
