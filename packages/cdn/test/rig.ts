import type { EntryRead } from '@tierstack/cache-core'
import type { PlanFacts, Provider } from '../src/index.ts'
import {
  akamai,
  bunny,
  cloudflare,
  cloudfront,
  fastly,
  genericHttp,
  googleCdn,
  nginx,
  varnish,
} from '../src/index.ts'

const url = 'http://127.0.0.1:9'
const token = 't0ken-not-to-be-seen'

/** One of each, with secrets that no test must find anywhere but in requests. */
export function providers(): readonly Provider[] {
  return [
    akamai({ host: url, clientToken: token, clientSecret: token, accessToken: token }),
    bunny({ pullZone: '1', accessKey: token, api: url }),
    cloudflare({ zone: 'z', token, api: url }),
    cloudfront({ distribution: 'D', accessKeyId: 'AKID', secretAccessKey: token, api: url }),
    fastly({ service: 's', token, api: url }),
    genericHttp({ url, token }),
    googleCdn({ project: 'p', urlMap: 'm', token, api: url }),
    nginx({ url, token }),
    varnish({ url, token }),
    varnish({ url, token, by: 'ban' }),
  ]
}

/** An entry that was read and is still good. */
export function read(given: Partial<EntryRead> = {}): EntryRead {
  return {
    namespace: 'shop',
    key: '#user@1:n7',
    tier: 'memory',
    tags: ['!d#user@1', 'user:7'],
    ttl: 60_000,
    swr: 0,
    staleIfError: 0,
    age: 0,
    current: () => true,
    ...given,
  }
}

export function headersOf(given: Readonly<Record<string, string>> = {}): {
  get(name: string): string | null
} {
  const known = new Map(Object.entries(given))
  return { get: (name) => known.get(name) ?? null }
}

export function facts(given: Partial<PlanFacts> = {}): PlanFacts {
  return {
    method: 'GET',
    status: 200,
    asked: headersOf(),
    answered: headersOf(),
    reads: [read()],
    took: 0,
    ...given,
  }
}
