import { setTimeout as sleep } from 'node:timers/promises'

/** Asks every 25 ms until the answer is true; rejects after `limit` milliseconds with what was awaited. */
export async function until(
  what: string,
  ask: () => Promise<boolean>,
  { limit = 20_000, detail }: { limit?: number; detail?: () => Promise<string> } = {},
): Promise<void> {
  const deadline = performance.now() + limit
  let last: unknown
  while (performance.now() < deadline) {
    try {
      if (await ask()) return
      last = undefined
    } catch (error) {
      last = error
    }
    await sleep(25)
  }
  const said = detail === undefined ? '' : `\n${await detail()}`
  throw new Error(`Waited ${limit} ms in vain for ${what}${said}`, { cause: last })
}
