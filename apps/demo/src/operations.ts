import { advisor, measure } from '@tierstack/cache-metrics'
import type { Lag } from '@tierstack/cache-metrics'
import { admin } from '@tierstack/cache-metrics/admin'
import type { Admin } from '@tierstack/cache-metrics/admin'
import { metricsPage } from '@tierstack/cache-metrics/prometheus'
import type { MetricsPage } from '@tierstack/cache-metrics/prometheus'
import type { LivePage } from '@tierstack/cache-metrics/page'
import type { Closing } from './closing.ts'
import { openLive } from './live/live.ts'
import type { LiveParts } from './live/live.ts'

/** What the people who run the service look at. */
export interface Operations {
  /** For Prometheus, at `/metrics`. */
  readonly page: MetricsPage
  /** For the command line, at `/-/cache`. Off without a token. */
  readonly operator: Admin
  /** For people, at `/live`. Off without a token. */
  readonly live: LivePage
  /** Lets the metrics tell how many ms the change feed is behind. */
  readonly follow: (lag: Lag) => void
}

export function openOperations(
  parts: LiveParts,
  adminToken: string | undefined,
  closing: Closing,
): Operations {
  const { cache } = parts.caching
  const page = metricsPage()
  let lag: Lag = () => undefined
  const stop = measure(cache, { meterProvider: page.meterProvider, feeds: { cities: () => lag() } })
  const advised = advisor(cache)
  closing.add('metrics', async () => {
    stop()
    advised.stop()
    await page.close()
  })
  const told = { token: adminToken, advisor: advised }
  return {
    page,
    operator: admin(cache, { ...told, prefix: '/-/cache' }),
    live: openLive(parts, told, closing),
    follow(next) {
      lag = next
    },
  }
}
