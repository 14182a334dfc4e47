import { advisor, measure } from '@tierstack/cache-metrics'
import { admin } from '@tierstack/cache-metrics/admin'
import type { Admin } from '@tierstack/cache-metrics/admin'
import { metricsPage } from '@tierstack/cache-metrics/prometheus'
import type { MetricsPage } from '@tierstack/cache-metrics/prometheus'
import type { Caching } from './caching.ts'
import type { Closing } from './closing.ts'

/** What the people who run the service look at. */
export interface Operations {
  /** For Prometheus, at `/metrics`. */
  readonly page: MetricsPage
  /** For the command line, at `/-/cache`. Off without a token. */
  readonly operator: Admin
}

export function openOperations(
  { cache }: Caching,
  adminToken: string | undefined,
  closing: Closing,
): Operations {
  const page = metricsPage()
  const stop = measure(cache, { meterProvider: page.meterProvider })
  const advised = advisor(cache)
  closing.add('metrics', async () => {
    stop()
    advised.stop()
    await page.close()
  })
  return { page, operator: admin(cache, { token: adminToken, prefix: '/-/cache', advisor: advised }) }
}
