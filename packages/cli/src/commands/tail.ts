import type { Desk } from '../desk/desk.ts'
import type { Terminal } from '../terminal.ts'

const colours: Readonly<Record<string, 'red' | 'yellow' | 'green' | 'cyan'>> = {
  'load:error': 'red',
  degraded: 'red',
  poisoned: 'red',
  'bus:gap': 'yellow',
  fenced: 'yellow',
  refused: 'yellow',
  recovered: 'green',
  invalidate: 'cyan',
}

/** `tail`: events as they happen, a line each, until interrupted. */
export async function tail(
  desk: Desk,
  events: readonly string[] | undefined,
  terminal: Terminal,
): Promise<void> {
  for await (const { name, fields } of desk.tail(events, terminal.io.signal)) {
    if (terminal.asJson) {
      terminal.io.out(`${JSON.stringify({ event: name, ...fields })}\n`)
      continue
    }
    const { at, ...rest } = fields
    const time = new Date(Number(at ?? Date.now())).toISOString().slice(11, 23)
    const told = Object.entries(rest).map(
      ([field, value]) => `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    const padded = name.padEnd(11)
    const colour = colours[name]
    terminal.line(
      `${terminal.paint('dim', time)} ${colour ? terminal.paint(colour, padded) : padded} ${told.join(' ')}`,
    )
  }
}
