import { randomUUID } from 'node:crypto'
import { checkKeys, expectation } from '@tierstack/cache-core'
import { verdictOf } from '../engine/send.ts'
import type { Provider, PurgeVerdict } from '../provider.ts'
import { address, identifier, secret } from './credentials.ts'
import { signAws } from './sigv4.ts'

export interface CloudFrontOptions {
  /** @default CLOUDFRONT_DISTRIBUTION_ID */
  readonly distribution?: string
  /** The name in `CacheTagConfig.HeaderName` of the distribution. @default 'Cache-Tag' */
  readonly tagHeader?: string
  /** @default AWS_ACCESS_KEY_ID */
  readonly accessKeyId?: string
  /** @default AWS_SECRET_ACCESS_KEY */
  readonly secretAccessKey?: string
  /** @default AWS_SESSION_TOKEN, if set */
  readonly sessionToken?: string
  /** @default 'https://cloudfront.amazonaws.com' */
  readonly api?: string
}

const known = ['distribution', 'tagHeader', 'accessKeyId', 'secretAccessKey', 'sessionToken', 'api']

/** CloudFront: invalidates by tag, which the distribution must be told the header of. */
export function cloudfront(given: CloudFrontOptions = {}): Provider<'cloudfront'> {
  checkKeys('cloudfront options', given, known)
  const distribution = identifier('distribution', given.distribution, 'CLOUDFRONT_DISTRIBUTION_ID')
  const credentials = {
    accessKeyId: secret('accessKeyId', given.accessKeyId, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: secret('secretAccessKey', given.secretAccessKey, 'AWS_SECRET_ACCESS_KEY'),
    sessionToken: given.sessionToken ?? process.env['AWS_SESSION_TOKEN'],
  }
  const header = given.tagHeader ?? 'Cache-Tag'
  if (!/^[A-Za-z0-9-]{1,64}$/.test(header)) throw expectation('tagHeader', 'the name of a header', header)
  const api = address('api', given.api ?? 'https://cloudfront.amazonaws.com')
  const url = `${api}/2020-05-31/distribution/${distribution}/invalidation`
  return {
    name: 'cloudfront',
    contract: {
      tags: { header, separator: ',', maxTags: 50, maxBytes: 8_192 },
      perCall: 3_000,
      maxBodyBytes: Number.POSITIVE_INFINITY,
      // 3,000 in progress, each for up to 25 s.
      buckets: [{ of: 'item', burst: 3_000, perSecond: 120 }],
      soft: false,
      settle: 25_000,
      parallel: 1,
      dialect: 's-maxage',
      vary: ['accept-encoding'],
      sources: [
        {
          fact: '3,000 items in progress; TooManyInvalidationsInProgress, BatchTooLarge',
          url: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html',
          read: '2026-11-28',
        },
        {
          fact: '`#tag` among the paths; 50 tags an object, the others are not stored; 256 characters of ASCII without commas a tag; case is folded',
          url: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html',
          read: '2026-11-28',
        },
        {
          fact: 'effective < 5 s, complete < 25 s (p95)',
          url: 'https://aws.amazon.com/about-aws/whats-new/2026/04/cloudfront-invalidation-cache-tag/',
          read: '2026-11-28',
        },
      ],
    },
    requests({ names }, at) {
      const items = names.map((name) => `<Path>#${name}</Path>`).join('')
      // A reference of its own each time: the same one would make a second purge count as the first.
      const body = `<?xml version="1.0" encoding="UTF-8"?><InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>${randomUUID()}</CallerReference><Paths><Quantity>${names.length}</Quantity><Items>${items}</Items></Paths></InvalidationBatch>`
      const signing = { credentials, region: 'us-east-1', service: 'cloudfront' }
      const signed = signAws({ method: 'POST', url, body }, signing, at)
      return [{ method: 'POST', url, headers: { ...signed, 'content-type': 'text/xml' }, body }]
    },
    verdict: (answer) => verdictOfCode(answer.body) ?? verdictOf(answer),
  }
}

function verdictOfCode(body: string): PurgeVerdict | undefined {
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1]
  if (code === undefined) return undefined
  if (code === 'TooManyInvalidationsInProgress')
    return { ok: false, why: 'after', afterMs: 5_000, error: code }
  if (code === 'Throttling' || code === 'ThrottlingException')
    return { ok: false, why: 'after', afterMs: 1_000, error: code }
  if (code === 'BatchTooLarge') return { ok: false, why: 'split', error: code }
  return undefined
}
