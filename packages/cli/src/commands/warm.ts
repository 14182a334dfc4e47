import type { Desk } from '../desk/desk.ts'
import { shownMs } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { inputsOf } from './address.ts'

interface Report {
  readonly loaded: number
  readonly skipped: number
  readonly errors: readonly { readonly key: string; readonly error: string }[]
  readonly ms: number
}

/** `warm DEFINITION INPUT…`: has the app load what isn't fresh. False when a load failed. */
export async function warm(
  desk: Desk,
  definition: string,
  inputs: readonly string[],
  options: { readonly concurrency?: number; readonly rate?: number },
  terminal: Terminal,
): Promise<boolean> {
  const told = (await desk.post('warm', { definition, inputs: inputsOf(inputs), ...options })) as Report
  terminal.show(told, () => {
    terminal.line(
      `  ${told.loaded} loaded, ${told.skipped} fresh already, ${told.errors.length} failed, in ${shownMs(told.ms)}`,
    )
    for (const { key, error } of told.errors) terminal.line(`  ${terminal.paint('red', key)}  ${error}`)
  })
  return told.errors.length === 0
}
