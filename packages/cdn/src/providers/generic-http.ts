import { checkKeys, checkOneOf, expectation } from '@tierstack/cache-core'
import { verdictOf } from '../engine/send.ts'
import type { Provider, ProviderContract } from '../provider.ts'
import { address, secret } from './credentials.ts'
import { jsonPost } from './json-post.ts'

export interface GenericHttpOptions {
  /** Gets `{"tags":["…"],"soft":false}` by POST. */
  readonly url: string
  /** Sent as a bearer token. @default CDN_PURGE_TOKEN */
  readonly token?: string
  /** @default 'Cache-Tag' */
  readonly tagHeader?: string
  /** @default ',' */
  readonly separator?: ' ' | ','
  /** Most tags of a call. @default 100 */
  readonly perCall?: number
  /** Most bytes of the tag header. @default 4096 */
  readonly maxTagBytes?: number
  /** Which header carries the edge's life. @default 's-maxage' */
  readonly dialect?: ProviderContract['dialect']
}

const known = ['url', 'token', 'tagHeader', 'separator', 'perCall', 'maxTagBytes', 'dialect']

function count(what: string, given: number): number {
  if (Number.isInteger(given) && given > 0) return given
  throw expectation(what, 'a positive integer', given)
}

/** Any edge behind an address of your own that takes tags by POST: a webhook, a small service, another product. */
export function genericHttp(given: GenericHttpOptions): Provider<'http'> {
  checkKeys('genericHttp options', given, known)
  const url = address('url', given.url)
  const token = secret('token', given.token, 'CDN_PURGE_TOKEN')
  const header = given.tagHeader ?? 'Cache-Tag'
  if (!/^[A-Za-z0-9-]{1,64}$/.test(header)) throw expectation('tagHeader', 'the name of a header', header)
  const maxBytes = count('maxTagBytes', given.maxTagBytes ?? 4_096)
  return {
    name: 'http',
    contract: {
      tags: {
        header,
        separator: checkOneOf('separator', given.separator ?? ',', [',', ' ']),
        maxTags: Number.POSITIVE_INFINITY,
        maxBytes,
      },
      perCall: count('perCall', given.perCall ?? 100),
      maxBodyBytes: Number.POSITIVE_INFINITY,
      buckets: [],
      soft: true,
      settle: 0,
      parallel: 2,
      dialect: checkOneOf('dialect', given.dialect ?? 's-maxage', [
        'targeted',
        'surrogate',
        's-maxage',
        'x-accel',
      ]),
      vary: ['accept-encoding'],
      sources: [],
    },
    requests: ({ names, soft }) => [
      jsonPost(url, { authorization: `Bearer ${token}` }, { tags: names, soft }),
    ],
    verdict: verdictOf,
  }
}
