import { checkKeys, checkOneOf } from '@tierstack/cache-core'
import { verdictOf } from '../engine/send.ts'
import type { Bucket, Provider } from '../provider.ts'
import { address, identifier, secret } from './credentials.ts'
import { jsonPost } from './json-post.ts'

type Plan = 'free' | 'pro' | 'business' | 'enterprise'

export interface CloudflareOptions {
  /** @default CLOUDFLARE_ZONE_ID */
  readonly zone?: string
  /** A token with the permission Cache Purge. @default CLOUDFLARE_API_TOKEN */
  readonly token?: string
  /** Decides how fast it may be purged. @default 'free' */
  readonly plan?: Plan
  /** @default 'https://api.cloudflare.com/client/v4' */
  readonly api?: string
}

const plans: Record<Plan, Bucket> = {
  free: { of: 'call', burst: 25, perSecond: 5 / 60 },
  pro: { of: 'call', burst: 25, perSecond: 5 },
  business: { of: 'call', burst: 50, perSecond: 10 },
  enterprise: { of: 'call', burst: 500, perSecond: 50 },
}

/** Cloudflare: purges by `Cache-Tag`; a soft purge keeps the content to be revalidated. */
export function cloudflare(given: CloudflareOptions = {}): Provider<'cloudflare'> {
  checkKeys('cloudflare options', given, ['zone', 'token', 'plan', 'api'])
  const zone = identifier('zone', given.zone, 'CLOUDFLARE_ZONE_ID')
  const token = secret('token', given.token, 'CLOUDFLARE_API_TOKEN')
  const api = address('api', given.api ?? 'https://api.cloudflare.com/client/v4')
  const plan = checkOneOf('plan', given.plan ?? 'free', ['free', 'pro', 'business', 'enterprise'])
  return {
    name: 'cloudflare',
    contract: {
      tags: {
        header: 'Cache-Tag',
        separator: ',',
        maxTags: 1_000,
        maxBytes: 16_384,
      },
      perCall: 100,
      maxBodyBytes: Number.POSITIVE_INFINITY,
      buckets: [plans[plan]],
      soft: true,
      settle: 2_000,
      parallel: 2,
      dialect: 'targeted',
      // Variants are told apart by this one only.
      vary: ['accept-encoding'],
      sources: [
        {
          fact: '100 tags a call; calls per account: Free 5/min (25), Pro 5/s (25), Business 10/s (50), Enterprise 50/s (500)',
          url: 'https://developers.cloudflare.com/cache/how-to/purge-cache/',
          read: '2026-11-28',
        },
        {
          fact: 'Cache-Tag up to 16 KB, about 1,000 tags; case is folded; printable ASCII without spaces',
          url: 'https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/',
          read: '2026-11-28',
        },
      ],
    },
    requests: ({ names, soft }) => [
      jsonPost(
        `${api}/zones/${zone}/${soft ? 'invalidate_cache' : 'purge_cache'}`,
        { authorization: `Bearer ${token}` },
        { tags: names },
      ),
    ],
    verdict(answer) {
      const verdict = verdictOf(answer)
      if (!verdict.ok || succeeded(answer.body)) return verdict
      return { ok: false, why: 'backoff', error: answer.body.slice(0, 200) }
    },
  }
}

function succeeded(body: string): boolean {
  try {
    return (JSON.parse(body) as { success?: unknown }).success === true
  } catch {
    return false
  }
}
