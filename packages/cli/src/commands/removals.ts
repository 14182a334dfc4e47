import type { Desk } from '../desk/desk.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { inputsOf } from './address.ts'
import { showReceipt } from './receipt.ts'

export interface InvalidateOptions {
  readonly keys?: boolean
  readonly definition?: string
  readonly pattern?: boolean
  readonly soft?: boolean
}

/** `invalidate NAME…`: tags, unless an option says what the names are. False when a tier has it only in its queue. */
export async function invalidate(
  desk: Desk,
  names: readonly string[],
  options: InvalidateOptions,
  terminal: Terminal,
): Promise<boolean> {
  const { keys = false, definition, pattern = false, soft = false } = options
  const kinds = [keys, definition !== undefined, pattern].filter(Boolean)
  if (kinds.length > 1)
    throw new UsageError('Expected one of --keys, --definition and --pattern, got several')
  const softly = soft ? { soft } : {}
  if (pattern) {
    const [only] = names
    if (names.length !== 1) throw new UsageError(`Expected one pattern, got ${names.length}`)
    return showReceipt(terminal, await desk.post('invalidate', { pattern: only, ...softly }))
  }
  if (definition !== undefined) {
    return showReceipt(
      terminal,
      await desk.post('invalidate', { definition, inputs: inputsOf(names), ...softly }),
    )
  }
  if (keys) {
    const full = names.map((name) => (/^[^=~#]*[=~#]/.test(name) ? name : `=${name}`))
    return showReceipt(terminal, await desk.post('invalidate', { keys: full, ...softly }))
  }
  return showReceipt(terminal, await desk.post('invalidate', { tags: names, ...softly }))
}

/** `purge`: all entries of a definition, or with `all` of the cache. */
export async function purge(
  desk: Desk,
  { definition, all = false }: { readonly definition?: string; readonly all?: boolean },
  terminal: Terminal,
): Promise<boolean> {
  if ((definition === undefined) === !all) {
    throw new UsageError('Expected either a definition or --all')
  }
  return showReceipt(terminal, await desk.post('purge', all ? { all } : { definition }))
}
