import type { Chain } from './chain.ts'
import type { WarmOptions, WarmReport } from './definition.ts'
import { checkKeys, expectation } from './expectation.ts'
import type { Query } from './query.ts'
import { patientRead } from './read.ts'

/** Loads what isn't fresh locally or far, `concurrency` at a time, begun at most `rate` times a second. */
export async function warm<K>(
  chain: Chain,
  query: Query,
  keyOf: (input: K) => string,
  inputs: Iterable<K> | AsyncIterable<K>,
  options: WarmOptions = {},
): Promise<WarmReport> {
  checkKeys('warm options', options, ['concurrency', 'rate', 'signal'])
  const { concurrency = 8, rate = Number.POSITIVE_INFINITY, signal } = options
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw expectation('concurrency', 'an integer of 1 or more', concurrency)
  if (!(rate > 0)) throw expectation('rate', 'a number of loads per second, more than 0', rate)
  const began = chain.clock.now()
  const errors: { key: string; error: unknown }[] = []
  let loaded = 0
  let skipped = 0
  let begun = 0
  const running = new Set<Promise<void>>()
  const one = async (input: K): Promise<void> => {
    let key = ''
    try {
      key = keyOf(input)
      await patientRead(chain, query, key, input, signal ? { signal } : undefined, 'warm', (state) => {
        if (state === 'fresh') skipped++
        else loaded++
      })
    } catch (error) {
      errors.push({ key, error })
    }
  }
  for await (const input of inputs) {
    if (signal?.aborted) break
    const early = (begun++ * 1_000) / rate - (chain.clock.now() - began)
    if (early > 0) await new Promise<void>((resolve) => chain.clock.after(early, resolve))
    const work = one(input).finally(() => running.delete(work))
    running.add(work)
    if (running.size >= concurrency) await Promise.race(running)
  }
  await Promise.all(running)
  return { loaded, skipped, errors, ms: chain.clock.now() - began }
}
