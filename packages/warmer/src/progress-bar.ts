import { progress } from '@clack/prompts'
import type { RunOptions } from './warmer.ts'

/**
 * Progress of a run in a terminal, for `runOnce({ progress })`. Where the output is no terminal it shows nothing.
 * @example
 * const bar = progressBar({ total: 10_000 })
 * bar.stop(await warmer.runOnce({ progress: bar.progress }))
 */
export function progressBar(options: { readonly total: number; readonly output?: NodeJS.WriteStream }): {
  readonly progress: NonNullable<RunOptions['progress']>
  stop(report?: { readonly seconds: number }): void
} {
  const { total, output = process.stderr } = options
  if (!output.isTTY) return { progress: () => undefined, stop: () => undefined }
  const bar = progress({ max: Math.max(1, total), output })
  bar.start('warming')
  const done = new Map<string, number>()
  let shown = 0
  return {
    progress: ({ name, loaded, skipped, failed }) => {
      done.set(name, loaded + skipped + failed)
      const now = [...done.values()].reduce((sum, one) => sum + one, 0)
      bar.advance(Math.max(0, now - shown), `${name}: ${loaded} loaded, ${skipped} fresh, ${failed} failed`)
      shown = now
    },
    stop: (report) => bar.stop(report ? `warm after ${report.seconds.toFixed(1)} s` : 'stopped'),
  }
}
