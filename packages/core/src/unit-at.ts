// oxlint-disable-next-line unbound-method -- it is always called on a text
const { charCodeAt } = String.prototype

/**
 * One UTF-16 unit of a text. Texts come in many kinds (parts of others, joined ones, names), and an engine that has met
 * them all looks the method up anew for each letter, which costs more than a loop does with it.
 */
export function unitAt(text: string, at: number): number {
  return charCodeAt.call(text, at)
}
