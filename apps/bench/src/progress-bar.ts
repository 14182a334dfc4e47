const width = 30

/** One line on a terminal, gone when the work is done; nothing where the output goes to a file. */
export class ProgressBar {
  readonly #began = performance.now()

  show(done: number, doing: string): void {
    if (!process.stderr.isTTY) return
    const filled = Math.round(done * width)
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled)
    const seconds = (performance.now() - this.#began) / 1_000
    const left = done > 0.02 ? ` ~${Math.ceil((seconds * (1 - done)) / done)} s left` : ''
    process.stderr.write(`\r\u001B[K${bar} ${Math.round(done * 100)} %${left}  ${doing}`)
  }

  hide(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K')
  }
}
