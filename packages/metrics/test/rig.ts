import { createCache } from '@tierstack/cache-core'
import type { CacheOptions, LocalTier, RemoteTier } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { chaosTier, fakeClock, inProcessBus, processStore } from '@tierstack/cache-testing'
import { measure } from '../src/index.ts'
import type { MeasureOptions, Measured } from '../src/index.ts'
import { metricsPage } from '../src/prometheus.ts'

type Options = Partial<Omit<CacheOptions<readonly [LocalTier<'memory'>, RemoteTier<'store'>]>, 'tiers'>>

/** Memory in front of a store that can fail, on a clock that stands still. */
export function node(options: Options = {}, near: LocalTier<'memory'> = memory()) {
  const clock = fakeClock()
  const bus = inProcessBus({ clock })
  const store = processStore({ clock, bus })
  const tier = chaosTier(store.tier({ node: 'a' }))
  const cache = createCache({ namespace: 'shop', jitter: false, clock, ...options, tiers: [near, tier] })
  const close = async (): Promise<void> => {
    let over = false
    void cache.close().then(() => {
      over = true
    })
    for (let i = 0; i < 200 && !over; i++) await clock.advance(100)
  }
  return { cache, clock, bus, store, tier, [Symbol.asyncDispose]: close }
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The samples of a page in the text format of Prometheus. */
export function samplesOf(page: string): Sample[] {
  return page
    .split('\n')
    .map((line) => /^(\w+)\{(.*)\} (\S+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '', labels = '', value = '']) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, k, v]) => [k, v]),
      ),
      value: Number(value),
    }))
}

/** A measured cache's page, and the value of one sample on it. */
export function measured(cache: Measured, options: Omit<MeasureOptions, 'meterProvider'> = {}) {
  const page = metricsPage()
  const stop = measure(cache, { ...options, meterProvider: page.meterProvider })
  const read = async (
    name: string,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<number | undefined> => {
    const wanted = Object.entries(labels)
    return samplesOf(await page.text()).find(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    )?.value
  }
  return { page, stop, read }
}
