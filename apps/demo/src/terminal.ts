import { isatty } from 'node:tty'
import { styleText } from 'node:util'
import type { Paint } from './table.ts'

const barWidth = 28

/** Where the demo tells what it does: with colours and a moving bar on a terminal, plain lines elsewhere. */
export class Terminal {
  readonly interactive: boolean
  readonly paint: Paint
  readonly #out: NodeJS.WriteStream
  #barShown = false

  constructor(out: NodeJS.WriteStream & { readonly fd: number }) {
    this.#out = out
    this.interactive = isatty(out.fd)
    // Honours NO_COLOR and the like.
    this.paint = (how, text) => styleText(how, text, { stream: out })
  }

  line(text = ''): void {
    this.#clearBar()
    this.#out.write(`${text}\n`)
  }

  /** Draws the bar, in place of the last one. Does nothing where there is no terminal. */
  bar(label: string, share: number, note: string): void {
    if (!this.interactive) return
    const full = Math.round(Math.min(1, share) * barWidth)
    const bar = `${'█'.repeat(full)}${this.paint('dim', '░'.repeat(barWidth - full))}`
    this.#clearBar()
    this.#out.write(`  ${label} ${bar} ${note}`)
    this.#barShown = true
  }

  #clearBar(): void {
    if (!this.#barShown) return
    this.#out.write('\r\u001b[2K')
    this.#barShown = false
  }
}
