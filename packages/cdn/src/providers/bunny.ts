import { checkKeys } from '@tierstack/cache-core'
import { verdictOf } from '../engine/send.ts'
import type { Provider } from '../provider.ts'
import { address, identifier, secret } from './credentials.ts'
import { jsonPost } from './json-post.ts'

export interface BunnyOptions {
  /** Id of the pull zone. @default BUNNY_PULL_ZONE */
  readonly pullZone?: string
  /** @default BUNNY_ACCESS_KEY */
  readonly accessKey?: string
  /** @default 'https://api.bunny.net' */
  readonly api?: string
}

/** Bunny: purges by `CDN-Tag`, one tag a call. */
export function bunny(given: BunnyOptions = {}): Provider<'bunny'> {
  checkKeys('bunny options', given, ['pullZone', 'accessKey', 'api'])
  const zone = identifier('pullZone', given.pullZone, 'BUNNY_PULL_ZONE')
  const key = secret('accessKey', given.accessKey, 'BUNNY_ACCESS_KEY')
  const api = address('api', given.api ?? 'https://api.bunny.net')
  return {
    name: 'bunny',
    contract: {
      tags: { header: 'CDN-Tag', separator: ',', maxTags: 1_024, maxBytes: 1_024 },
      perCall: 1,
      maxBodyBytes: Number.POSITIVE_INFINITY,
      // Which of its buckets a tag costs isn't documented: the smaller one.
      buckets: [{ of: 'call', burst: 20, perSecond: 0.5 }],
      soft: false,
      settle: 2_000,
      parallel: 2,
      dialect: 's-maxage',
      vary: ['accept-encoding'],
      sources: [
        {
          fact: 'one tag a call; CDN-Tag up to 1,024 bytes in all',
          url: 'https://docs.bunny.net/cdn/purge-cache',
          read: '2026-11-28',
        },
        {
          fact: 'exact 120 + 5/s, prefix 20 + 0.5/s for the account; 429',
          url: 'https://docs.bunny.net/docs/cdn-api-purge-rate-limits',
          read: '2026-11-28',
        },
      ],
    },
    requests: ({ names }) =>
      names.map((name) =>
        jsonPost(`${api}/pullzone/${zone}/purgeCache`, { accesskey: key }, { CacheTag: name }),
      ),
    verdict: verdictOf,
  }
}
