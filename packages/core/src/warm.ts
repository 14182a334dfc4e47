import type { Chain } from './chain.ts'
import { pause } from './deadline.ts'
import type { WarmOptions, WarmReport } from './definition.ts'
import type { Query } from './query.ts'
import type { WarmItem } from './warm-item.ts'
import { Lanes } from './warm-lanes.ts'
import { vouched } from './warm-start.ts'
import { resolveWarm, Warming } from './warming.ts'

/** Loads what isn't fresh locally or far, `concurrency` loads at a time, begun at most `rate` keys a second. */
export async function warm<K>(
  chain: Chain,
  query: Query,
  keyOf: (input: K) => string,
  inputs: Iterable<K> | AsyncIterable<K>,
  options: WarmOptions = {},
): Promise<WarmReport> {
  const resolved = resolveWarm(options, query.loadAll !== undefined)
  const { concurrency, rate, batch, signal } = resolved
  const warming = new Warming(chain, query, resolved)
  const began = chain.clock.now()
  await vouched(chain, signal)
  const vouchedAt = chain.clock.now()
  let begun = 0
  const lanes = new Lanes(concurrency)
  const start = async (items: readonly WarmItem[]) => {
    const early = (begun * 1_000) / rate - (chain.clock.now() - vouchedAt)
    begun += items.length
    if (early > 0) await pause(chain.clock, early)
    if (signal?.aborted) return
    await lanes.begin((loaded) => warming.work(items, loaded))
  }
  let items: WarmItem[] = []
  const add = (input: K): boolean => {
    const key = warming.keyOf(keyOf, input)
    if (key !== undefined) items.push({ key, input })
    return items.length >= batch
  }
  const next = () => {
    const full = items
    items = []
    return start(full)
  }
  try {
    // A plain list needs no turn of the queue per key.
    if (Symbol.asyncIterator in inputs) {
      for await (const input of inputs) {
        if (signal?.aborted) break
        if (add(input)) await next()
      }
    } else {
      for (const input of inputs) {
        if (signal?.aborted) break
        if (add(input)) await next()
      }
    }
  } finally {
    // Also when the inputs end with an error: what they brought is warmed.
    if (items.length > 0 && !signal?.aborted) await next()
    await lanes.end()
  }
  return { ...warming.report, ms: chain.clock.now() - began }
}
