import type { Clock } from './clock.ts'

/** The work's outcome, or a rejection when it takes longer than `ms`; `late` is told then, and the work goes on unheard. */
export function before<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  late?: (error: Error) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      const error = new Error(`no answer within ${ms} ms`)
      late?.(error)
      reject(error)
    })
    work.finally(cancel).then(resolve, reject)
  })
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}
