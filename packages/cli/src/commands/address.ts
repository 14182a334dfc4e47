import { UsageError } from '../usage-error.ts'

/** How an entry is named on the command line. */
export interface AddressOptions {
  /** A definition's name, with `@version` if it isn't 1: the key given is then its input. */
  readonly definition?: string
}

/** The query by which an entry is asked for: by full key, by raw key, or by definition and input. */
export function addressOf(key: string, { definition }: AddressOptions): Record<string, string> {
  if (definition === undefined) return { key: /^[^=~#]*[=~#]/.test(key) ? key : `=${key}` }
  return { definition, input: inputOf(key) }
}

/** `42` and `{"id":1}` are JSON; what isn't is a text. */
function inputOf(given: string): string {
  try {
    JSON.parse(given)
    return given
  } catch {
    return JSON.stringify(given)
  }
}

export function inputsOf(given: readonly string[]): readonly unknown[] {
  if (given.length === 0) throw new UsageError('Expected at least one input after the definition, got none')
  return given.map((one) => JSON.parse(inputOf(one)) as unknown)
}
