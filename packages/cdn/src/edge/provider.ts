import { checkKeys } from '@tierstack/cache-core'

import { verdictOf } from '../engine/send.ts'
import type { Provider } from '../provider.ts'
import { address, secret } from '../providers/credentials.ts'

export interface EmbeddedOptions {
  /** Where edges listen: each is told of every purge. Edges that share a Redis tier need only one address. */
  readonly url: string | readonly string[]
  /** The edges' `purgeToken`. @default EDGE_PURGE_TOKEN */
  readonly token?: string
}

/**
 * The embedded edge as a provider of `cdn()`. It refuses what was fetched before a purge, so that it needs no second
 * one: give `cdn()` the option `inFlight: 0`.
 */
export function embedded(given: EmbeddedOptions): Provider<'embedded'> {
  checkKeys('embedded options', given, ['url', 'token'])
  const urls = [given.url].flat().map((url) => address('url', url))
  const token = secret('token', given.token, 'EDGE_PURGE_TOKEN')
  return {
    name: 'embedded',
    contract: {
      tags: { header: 'cache-tag', separator: ',', maxTags: 1_000, maxBytes: 8_000 },
      perCall: 1_000,
      // The names are one header line of the call.
      maxBodyBytes: 8_000,
      buckets: [],
      soft: true,
      settle: 0,
      parallel: 4,
      dialect: 'targeted',
      vary: ['accept-encoding', 'accept', 'accept-language'],
      sources: [],
    },
    requests: ({ names, soft }) =>
      urls.map((url) => ({
        method: 'PURGE',
        url: `${url}/`,
        headers: {
          authorization: `Bearer ${token}`,
          'xkey-purge': names.join(' '),
          ...(soft && { 'x-purge-soft': '1' }),
        },
      })),
    verdict: verdictOf,
  }
}
