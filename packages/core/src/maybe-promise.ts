/** What a user's function may return: most are asynchronous, none need be. */
export type MaybePromise<T> = T | Promise<T>
