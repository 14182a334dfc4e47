// oxlint-disable-next-line unbound-method -- it is always called on a text
const { charCodeAt } = String.prototype

/** One UTF-16 unit of a text, for loops over keys: to look the method up anew for each letter would cost more than the rest. */
export function unitAt(text: string, at: number): number {
  return charCodeAt.call(text, at)
}
