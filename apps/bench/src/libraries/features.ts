import type { Library } from '../library.ts'
import type { Variant } from './tierstack.ts'

const variant = (name: string, note: string, make: () => Promise<Variant>) => async (): Promise<Library> => {
  const { ours } = await import('./tierstack.ts')
  return ours(name, note, await make())
}

const threeTags = (key: string) => ['all', `tenant:${key.length}`, `group:${key.at(-1)}`]

async function measured(): Promise<Variant> {
  const { measure } = await import('@tierstack/cache-metrics')
  const { metricsPage } = await import('@tierstack/cache-metrics/prometheus')
  return {
    attach: (cache) => {
      const page = metricsPage()
      measure(cache, { meterProvider: page.meterProvider })
      setInterval(() => void page.text(), 1_000).unref()
    },
  }
}

/** Ours with one thing switched on, or one part replaced, by name. */
export const features: Readonly<Record<string, () => Promise<Library>>> = {
  'with 3 tags': variant('with 3 tags', 'three tags computed from each value', () =>
    Promise.resolve({ tags: threeTags }),
  ),
  'with listeners': variant('with listeners', 'a listener on every kind of read event', () =>
    Promise.resolve({
      attach: (cache) => {
        let events = 0
        for (const event of ['hit', 'miss', 'load', 'backfill'] as const) cache.on(event, () => void events++)
      },
    }),
  ),
  'with metrics': variant('with metrics', '`measure()` for Prometheus, collected each second', measured),
  'with tags and metrics': variant('with tags and metrics', 'the two together', async () => ({
    tags: threeTags,
    ...(await measured()),
  })),
  'with tracing': variant('with tracing', '`trace()` into the SDK, every read sampled', async () => {
    const { trace } = await import('@tierstack/cache-metrics')
    const { TracerProvider } = await import('@opentelemetry/sdk-trace')
    return { attach: (cache) => void trace(cache, { tracerProvider: new TracerProvider() }) }
  }),
  'with JSON': variant('with JSON', 'codec `json()`', async () => {
    const { json } = await import('@tierstack/cache-serializers')
    return { codec: json() }
  }),
  'with encryption': variant('with encryption', 'values in Redis sealed: `encrypt({ keys })`', async () => {
    const { randomBytes } = await import('node:crypto')
    const { encrypt, keyRing } = await import('@tierstack/cache-serializers')
    return { encryption: encrypt({ keys: keyRing([{ id: 'k', secret: randomBytes(32) }]) }) }
  }),
  'over node-redis': variant('over node-redis', 'a node-redis client given', async () => {
    const { createClient } = await import('redis')
    return {
      redis: (url) => {
        const client = createClient({ url })
        client.on('error', () => {})
        void client.connect()
        return { client }
      },
    }
  }),
  'over iovalkey': variant('over iovalkey', 'an iovalkey client given', async () => {
    const { Redis } = await import('iovalkey')
    return { redis: (url) => ({ client: new Redis(url) }) }
  }),
}
