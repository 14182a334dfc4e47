import { inspect } from 'node:util'
import type { Desk } from '../desk/desk.ts'
import { shownMs } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addressOf } from './address.ts'
import type { AddressOptions } from './address.ts'

interface Dumped {
  readonly key: string
  readonly found: boolean
  readonly tier: string
  readonly state: string
  readonly age: number
  readonly ttlLeft: number | null
  readonly tags: readonly string[]
  readonly version: string
  readonly shape: unknown
  readonly value?: unknown
}

/** `dump KEY`: one entry; what its value says only where the endpoint was set up to tell. False when there is none. */
export async function dump(
  desk: Desk,
  key: string,
  options: AddressOptions,
  terminal: Terminal,
): Promise<boolean> {
  const told = (await desk.get('entry', addressOf(key, options))) as Dumped
  terminal.show(told, () => {
    terminal.line(terminal.paint('bold', told.key))
    if (!told.found) {
      terminal.line('  not there')
      return
    }
    terminal.table(
      ['', ''],
      [
        ['tier', told.tier],
        ['state', told.state],
        ['loaded', `${shownMs(told.age)} ago`],
        ['fresh for', shownMs(told.ttlLeft)],
        ['tags', told.tags.join(', ')],
        ['version', told.version],
      ],
    )
    const seen = 'value' in told ? told.value : told.shape
    terminal.line(`\n${inspect(seen, { depth: 6, colors: terminal.io.interactive })}`)
  })
  return told.found
}
