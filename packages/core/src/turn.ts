import { nextTick } from 'node:process'
import { setImmediate } from 'node:timers'

/**
 * Runs it when the turn of the event loop has handled all that had arrived. By the real `setImmediate`, also where a test
 * has put another in its place: it stands for the turn, not for time.
 */
export function atEndOfTurn(run: () => void): void {
  setImmediate(run)
}

/** Runs it when what runs now, and what that settles, is done. What else has arrived in this turn comes after it. */
export function atEndOfTick(run: () => void): void {
  nextTick(run)
}
