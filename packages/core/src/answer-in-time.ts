import type { Clock } from './clock.ts'

/** A tier didn't answer in time. */
export class Timeout extends Error {}

/** The tier's answer; rejects with `Timeout` when it takes longer than `ms`. */
export function answerInTime<T>(clock: Clock, name: string, work: Promise<T>, ms: number): Promise<T> {
  const due = clock.now() + ms
  return new Promise<T>((resolve, reject) => {
    const expired = () => {
      // Fired late: the event loop stood still, and the answer may be waiting behind us. Let it be read first.
      if (clock.now() - due > 10 && !graced) {
        graced = true
        cancel = clock.after(10, expired)
        return
      }
      reject(new Timeout(`tier \`${name}\` did not answer within ${ms} ms`))
    }
    let graced = false
    let cancel = clock.after(ms, expired)
    work.then(
      (answer) => {
        cancel()
        resolve(answer)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}
