import { checkKeys, expectation } from '@tierstack/cache-core'
import { verdictOf } from '../engine/send.ts'
import type { Provider } from '../provider.ts'
import { address, identifier, secret } from './credentials.ts'
import { jsonPost } from './json-post.ts'

export interface GoogleCdnOptions {
  /** @default GOOGLE_CLOUD_PROJECT */
  readonly project?: string
  /** Name of the URL map. @default GOOGLE_CDN_URL_MAP */
  readonly urlMap?: string
  /** An access token, or what gives a fresh one: they last an hour. @default GOOGLE_ACCESS_TOKEN */
  readonly token?: string | (() => string | Promise<string>)
  /** @default 'https://compute.googleapis.com/compute/v1' */
  readonly api?: string
}

/** Google Cloud CDN: invalidates by `Cache-Tag`, ten tags a call. */
export function googleCdn(given: GoogleCdnOptions = {}): Provider<'google'> {
  checkKeys('googleCdn options', given, ['project', 'urlMap', 'token', 'api'])
  const project = identifier('project', given.project, 'GOOGLE_CLOUD_PROJECT')
  const map = identifier('urlMap', given.urlMap, 'GOOGLE_CDN_URL_MAP')
  const { token } = given
  if (token !== undefined && typeof token !== 'function' && typeof token !== 'string') {
    throw expectation('token', 'an access token, or a function that gives one', '…')
  }
  const fixed = typeof token === 'function' ? '' : secret('token', token, 'GOOGLE_ACCESS_TOKEN')
  const current = typeof token === 'function' ? token : () => fixed
  const api = address('api', given.api ?? 'https://compute.googleapis.com/compute/v1')
  return {
    name: 'google',
    contract: {
      tags: { header: 'Cache-Tag', separator: ',', maxTags: 50, maxBytes: 4_096 },
      perCall: 10,
      maxBodyBytes: Number.POSITIVE_INFINITY,
      buckets: [{ of: 'call', burst: 500, perSecond: 500 / 60 }],
      soft: false,
      settle: 15_000,
      parallel: 2,
      dialect: 's-maxage',
      vary: ['accept', 'accept-encoding', 'origin'],
      sources: [
        {
          fact: '500 calls a minute, in effect after about 10 s',
          url: 'https://cloud.google.com/cdn/docs/cache-invalidation-overview',
          read: '2026-11-28',
        },
        {
          fact: 'up to 10 tags in one request; several are one or the other, a path beside them is one more condition',
          url: 'https://docs.cloud.google.com/compute/docs/reference/rest/v1/urlMaps/invalidateCache',
          read: '2026-11-29',
        },
        {
          fact: 'limits of the header: not found; 50 tags and 4,096 bytes are assumed',
          url: 'https://cloud.google.com/cdn/docs/cache-invalidation-overview',
          read: '2026-11-27',
        },
      ],
    },
    async requests({ names }) {
      return [
        jsonPost(
          `${api}/projects/${project}/global/urlMaps/${map}/invalidateCache`,
          { authorization: `Bearer ${await current()}` },
          { path: '/*', cacheTags: names },
        ),
      ]
    },
    verdict: verdictOf,
  }
}
