import { parseDuration } from '@tierstack/cache-core'
import type { Duration } from '@tierstack/cache-core'
import { Cron } from 'croner'
import { underLead } from './lead.ts'
import { resolveOptions } from './options.ts'
import type { ResolvedOptions, WarmerOptions, WarmTask } from './options.ts'

/** What one task did. */
export interface TaskReport {
  readonly name: string
  readonly loaded: number
  /** Were fresh already. */
  readonly skipped: number
  readonly errors: readonly { readonly key: string; readonly error: unknown }[]
  readonly seconds: number
  /** Why the source of the task brought nothing, or not all; undefined when it did. */
  readonly failure: unknown
}

export interface RunReport {
  readonly tasks: readonly TaskReport[]
  readonly seconds: number
  /** Another process has the lead: nothing was done here. */
  readonly elsewhere: boolean
  /** The signal ended the run early. */
  readonly cancelled: boolean
}

export interface TaskProgress {
  readonly name: string
  readonly loaded: number
  readonly skipped: number
  readonly failed: number
}

export interface RunOptions {
  readonly signal?: AbortSignal
  /** Called as tasks go on; an error that it throws is ignored. */
  readonly progress?: (progress: TaskProgress) => void
}

export interface ScheduleOptions extends RunOptions {
  /** Each run begins up to this much later, at random, so that a fleet doesn't begin at once. @default 0 */
  readonly jitter?: Duration
  /** Given the report of each run. */
  readonly done?: (report: RunReport) => void
}

/** Warms definitions before anyone asks. */
export interface Warmer {
  /** Warms once, as at a deploy. Never rejects for what goes wrong with a key, a query or a task: the report says so. */
  runOnce(options?: RunOptions): Promise<RunReport>
  /** Warms at the times of a cron expression (`'0 *\/6 * * *'`), skipping those at which it is still warming. Returns the function that stops it. */
  cron(expression: string, options?: ScheduleOptions): () => void
  /** Warms now and then every `interval` after the end of the run before. Returns the function that stops it. */
  every(interval: Duration, options?: ScheduleOptions): () => void
}

export function createWarmer(options: WarmerOptions): Warmer {
  const resolved = resolveOptions(options)
  const runOnce = (given: RunOptions = {}) => run(resolved, given)
  const delayed = async (given: ScheduleOptions, jitter: number, signal: AbortSignal): Promise<void> => {
    if (jitter > 0) await pause(resolved, jitter * resolved.random(), signal)
    if (signal.aborted) return
    const report = await runOnce({ ...given, signal })
    try {
      unheard(given.done?.(report))
    } catch {
      // A listener breaks nothing.
    }
  }
  return {
    runOnce,
    cron: (expression, given = {}) => {
      const jitter = jitterOf(given)
      const stopping = stopper(given.signal)
      const job = new Cron(expression, { protect: true, unref: true }, () =>
        delayed(given, jitter, stopping.signal),
      )
      return () => {
        job.stop()
        stopping.stop()
      }
    },
    every: (interval, given = {}) => {
      const ms = parseDuration('interval', interval)
      const jitter = jitterOf(given)
      const stopping = stopper(given.signal)
      const loop = async () => {
        while (!stopping.signal.aborted) {
          await delayed(given, jitter, stopping.signal)
          await pause(resolved, ms, stopping.signal)
        }
      }
      void loop()
      return () => stopping.stop()
    },
  }
}

function jitterOf({ jitter }: ScheduleOptions): number {
  return jitter === undefined ? 0 : parseDuration('jitter', jitter)
}

function stopper(outer: AbortSignal | undefined): { readonly signal: AbortSignal; stop(): void } {
  const own = new AbortController()
  const signal = outer === undefined ? own.signal : AbortSignal.any([outer, own.signal])
  return { signal, stop: () => own.abort(new Error('the warmer was stopped')) }
}

function pause({ clock }: ResolvedOptions, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const end = () => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end)
    signal.addEventListener('abort', end, { once: true })
  })
}

async function run(options: ResolvedOptions, given: RunOptions): Promise<RunReport> {
  const { clock } = options
  const began = clock.now()
  const done = await underLead(options, given.signal, async (signal) => {
    const tasks = await runTasks(options, given, signal)
    return { tasks, cancelled: signal.aborted }
  })
  const { tasks, cancelled } = done ?? { tasks: [], cancelled: given.signal?.aborted === true }
  const elsewhere = done === undefined && !cancelled
  return { tasks, seconds: (clock.now() - began) / 1_000, elsewhere, cancelled }
}

async function runTasks(
  options: ResolvedOptions,
  given: RunOptions,
  signal: AbortSignal,
): Promise<readonly TaskReport[]> {
  const reports: TaskReport[] = []
  const left = options.tasks.entries()
  const lane = async () => {
    for (const [i, task] of left) reports[i] = await runTask(options, given, task, signal)
  }
  await Promise.all(Array.from({ length: Math.min(options.parallel, options.tasks.length) }, () => lane()))
  return reports
}

/** One task. What fails is in its report. */
async function runTask(
  options: ResolvedOptions,
  given: RunOptions,
  task: WarmTask,
  signal: AbortSignal,
): Promise<TaskReport> {
  const { clock, concurrency, batch, rate } = options
  const { name } = task
  const began = clock.now()
  const seconds = () => (clock.now() - began) / 1_000
  let done = { loaded: 0, skipped: 0, failed: 0 }
  const progress = (now: typeof done) => {
    done = now
    unheard(given.progress?.({ name, ...now }))
  }
  if (signal.aborted) return { name, loaded: 0, skipped: 0, errors: [], seconds: 0, failure: signal.reason }
  try {
    const { loaded, skipped, errors } = await task.run({ signal, concurrency, batch, rate, progress })
    return { name, loaded, skipped, errors, seconds: seconds(), failure: undefined }
  } catch (failure) {
    // What a source brought before it failed is warm all the same.
    const { loaded, skipped } = done
    return { name, loaded, skipped, errors: [], seconds: seconds(), failure }
  }
}

/** What an async listener rejects with breaks nothing either: nobody else hears of it, and it would end the process. */
function unheard(told: unknown): void {
  if (told instanceof Promise) told.catch(() => {})
}
