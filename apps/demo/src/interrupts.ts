/** npm and pnpm pass a Ctrl-C on to a child that had it from the terminal already: one key press, two signals. */
const samePressMs = 400

/**
 * Aborts the returned signal at the first SIGINT or SIGTERM; at the second the process exits at once, without
 * closing anything.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  let first: number | undefined
  const interrupt = (): void => {
    const now = performance.now()
    if (first === undefined) {
      first = now
      controller.abort()
    } else if (now - first > samePressMs) {
      process.exit(130)
    }
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return controller.signal
}
