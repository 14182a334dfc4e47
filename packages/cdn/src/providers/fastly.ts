import { checkKeys } from '@tierstack/cache-core'
import { verdictOf } from '../engine/send.ts'
import type { Provider } from '../provider.ts'
import { address, identifier, secret } from './credentials.ts'
import { jsonPost } from './json-post.ts'

export interface FastlyOptions {
  /** @default FASTLY_SERVICE_ID */
  readonly service?: string
  /** A token with the scope `purge_select`. @default FASTLY_API_TOKEN */
  readonly token?: string
  /** @default 'https://api.fastly.com' */
  readonly api?: string
}

/** Fastly: purges by `Surrogate-Key`, softly too. */
export function fastly(given: FastlyOptions = {}): Provider<'fastly'> {
  checkKeys('fastly options', given, ['service', 'token', 'api'])
  const service = identifier('service', given.service, 'FASTLY_SERVICE_ID')
  const token = secret('token', given.token, 'FASTLY_API_TOKEN')
  const api = address('api', given.api ?? 'https://api.fastly.com')
  return {
    name: 'fastly',
    contract: {
      tags: {
        header: 'Surrogate-Key',
        separator: ' ',
        // Over this, the vendor reads up to the limit and ignores the rest.
        maxTags: Number.POSITIVE_INFINITY,
        maxBytes: 16_384,
      },
      perCall: 256,
      maxBodyBytes: Number.POSITIVE_INFINITY,
      buckets: [{ of: 'item', burst: 100_000, perSecond: 100_000 / 3600 }],
      soft: true,
      settle: 2_000,
      parallel: 4,
      dialect: 'surrogate',
      vary: ['accept-encoding', 'accept', 'accept-language'],
      sources: [
        {
          fact: '256 keys a call; Fastly-Soft-Purge; 200 or 429',
          url: 'https://github.com/fastly/fastly-js/blob/main/docs/PurgeApi.md',
          read: '2026-11-28',
        },
        {
          fact: 'a key up to 1,024 bytes, the header up to 16,384; what is beyond is ignored',
          url: 'https://www.fastly.com/documentation/reference/http/http-headers/Surrogate-Key/',
          read: '2026-11-28',
        },
        {
          fact: '100,000 purges an hour for a customer (secondary source)',
          url: 'https://apis.io/rate-limits/fastly/fastly-rate-limits/',
          read: '2026-11-28',
        },
      ],
    },
    requests: ({ names, soft }) => [
      jsonPost(
        `${api}/service/${service}/purge`,
        { 'fastly-key': token, accept: 'application/json', ...(soft && { 'fastly-soft-purge': '1' }) },
        { surrogate_keys: names },
      ),
    ],
    verdict: verdictOf,
  }
}
