/** What a user's function may return: most are asynchronous, none need be. */
export type MaybePromise<T> = T | Promise<T>

/** Whether there is something to wait for: an `await` of a plain value would cost a turn of the queue. */
export function isPromise<T>(given: MaybePromise<T>): given is Promise<T> {
  return typeof (given as Partial<Promise<T>> | null | undefined)?.then === 'function'
}
