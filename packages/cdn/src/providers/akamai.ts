import { randomUUID } from 'node:crypto'
import { checkKeys, checkOneOf } from '@tierstack/cache-core'
import { verdictOf } from '../engine/send.ts'
import type { Provider } from '../provider.ts'
import { address, secret } from './credentials.ts'
import { signEdgeGrid } from './edgegrid.ts'

export interface AkamaiOptions {
  /** The client's own host, such as `akab-….purge.akamaiapis.net`. @default AKAMAI_HOST */
  readonly host?: string
  /** @default AKAMAI_CLIENT_TOKEN */
  readonly clientToken?: string
  /** @default AKAMAI_CLIENT_SECRET */
  readonly clientSecret?: string
  /** @default AKAMAI_ACCESS_TOKEN */
  readonly accessToken?: string
  /** @default 'production' */
  readonly network?: 'production' | 'staging'
}

/** Akamai Fast Purge: by `Edge-Cache-Tag`; soft is its `invalidate`, hard its `delete`. */
export function akamai(given: AkamaiOptions = {}): Provider<'akamai'> {
  checkKeys('akamai options', given, ['host', 'clientToken', 'clientSecret', 'accessToken', 'network'])
  const host = secret('host', given.host, 'AKAMAI_HOST')
  const api = address('host', /^https?:/.test(host) ? host : `https://${host}`)
  const credentials = {
    clientToken: secret('clientToken', given.clientToken, 'AKAMAI_CLIENT_TOKEN'),
    clientSecret: secret('clientSecret', given.clientSecret, 'AKAMAI_CLIENT_SECRET'),
    accessToken: secret('accessToken', given.accessToken, 'AKAMAI_ACCESS_TOKEN'),
  }
  const network = checkOneOf('network', given.network ?? 'production', ['production', 'staging'])
  return {
    name: 'akamai',
    contract: {
      // The first line only; a 304 doesn't change the tags.
      tags: {
        header: 'Edge-Cache-Tag',
        separator: ',',
        maxTags: 128,
        maxBytes: 8_192,
      },
      perCall: 5_000,
      maxBodyBytes: 50_000,
      buckets: [
        { of: 'call', burst: 100, perSecond: 50 },
        { of: 'item', burst: 5_000, perSecond: 500 / 60 },
      ],
      soft: true,
      settle: 10_000,
      parallel: 2,
      dialect: 'targeted',
      vary: ['accept-encoding'],
      sources: [
        {
          fact: 'calls 100 + 50/s, tags 5,000 + 500/min for the account; 429: wait 5 s',
          url: 'https://techdocs.akamai.com/purge-cache/reference/rate-limiting',
          read: '2026-11-28',
        },
        {
          fact: 'a body up to 50,000 bytes, else 413',
          url: 'https://techdocs.akamai.com/purge-cache/reference/413',
          read: '2026-11-28',
        },
        {
          fact: '128 comma-separated tags, the first line only; a 304 changes none',
          url: 'https://techdocs.akamai.com/purge-cache/docs/assign-cache-tags',
          read: '2026-11-28',
        },
        {
          fact: '128 characters a tag; none of : @ * { } \\ < >; case counts; what is beyond 128 tags is ignored',
          url: 'https://techdocs.akamai.com/purge-cache/docs/purge-content-cache-tag',
          read: '2026-11-28',
        },
      ],
    },
    requests({ names, soft }, at) {
      const url = `${api}/ccu/v3/${soft ? 'invalidate' : 'delete'}/tag/${network}`
      const request = { method: 'POST', url, body: JSON.stringify({ objects: names }) }
      const authorization = signEdgeGrid(request, credentials, at, randomUUID())
      return [{ ...request, headers: { authorization, 'content-type': 'application/json' } }]
    },
    verdict(answer) {
      const verdict = verdictOf(answer)
      if (verdict.ok || (answer.status !== 429 && answer.status !== 507)) return verdict
      // Tokens aren't taken by a refused call.
      return { ok: false, why: 'after', afterMs: 5_000, error: verdict.error }
    },
  }
}
