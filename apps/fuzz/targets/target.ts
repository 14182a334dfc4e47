/** One parser of bytes that somebody else may have written. */
export interface Target {
  readonly name: string
  /** Inputs to begin with: what the writer of that format makes. */
  readonly seeds: readonly Uint8Array[]
  /** Runs the parser. Throws only for a fault: what the parser may throw is caught inside. */
  readonly run: (input: Uint8Array) => void | Promise<void>
}

/** Runs what may refuse its input, with an error of one of the kinds that are allowed. */
export function mayRefuse<T>(parse: () => T, allowed: (error: Error) => boolean): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Error && allowed(error)) return undefined
    throw error
  }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
