// The parsers are no public interface: only what fuzzes them reaches for their files.
import { objectionTo } from '../../../packages/cdn/src/privacy.ts'
import { notModified as answers304 } from '../../../packages/cdn/src/conditional.ts'
import { controlOf, seconds } from '../../../packages/cdn/src/edge/cache-control.ts'
import { targetOf } from '../../../packages/cdn/src/edge/cache-key.ts'
import { notModified, rangeApplies } from '../../../packages/cdn/src/edge/conditional.ts'
import { connectionFields, field } from '../../../packages/cdn/src/edge/fields.ts'
import type { Fields } from '../../../packages/cdn/src/edge/fields.ts'
import { parseHttpDate } from '../../../packages/cdn/src/edge/http-date.ts'
import { parseContentRange, spanOf } from '../../../packages/cdn/src/edge/range.ts'
import { prefersLanguage, variantOf, varyOf } from '../../../packages/cdn/src/edge/vary.ts'
import { bytesOf } from './target.ts'
import type { Target } from './target.ts'

const now = Date.UTC(2026, 0, 1)
const durations = ['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']

/** Lines `name: value`, as an origin or a reader may send them. */
function fieldsOf(input: Uint8Array): Fields {
  return Buffer.from(input)
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const colon = line.indexOf(':')
      return colon < 1 ? [] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
    })
}

/** Headers of answers: how long, for whom, and in which variants the edge may keep them. */
const answer: Target = {
  name: 'cdn-answer',
  seeds: [
    'cache-control: public, max-age=60, s-maxage="120", stale-while-revalidate=30\nvary: Accept-Encoding, cookie',
    'cdn-cache-control: max-age=60, stale-if-error=10, private="a"\ncache-control: no-store',
    'expires: Thu, 01 Jan 2026 00:00:00 GMT\ncontent-range: bytes 0-9/100\nconnection: close, x-a',
    'vary: *\nset-cookie: a=b\nx-accel-expires: 0\nsurrogate-control: max-age=1, no-cache="set-cookie"',
  ].map(bytesOf),
  run(input) {
    const fields = fieldsOf(input)
    const { directives } = controlOf(fields)
    for (const name of durations) {
      const read = seconds(directives, name)
      if (typeof read === 'number' && !(read >= 0 && read < Number.POSITIVE_INFINITY))
        throw new Error(`${name} is ${read}`)
    }
    const names = varyOf(fields)
    if (names !== '*') variantOf(names, fields)
    connectionFields(fields)
    const span = parseContentRange(field(fields, 'content-range'))
    if (span && !(span.first <= span.last && span.last < span.total)) throw new Error('an impossible range')
    const expires = parseHttpDate(field(fields, 'expires') ?? '', now)
    if (expires !== undefined && !Number.isFinite(expires)) throw new Error(`expires is ${expires}`)
    const answered = { get: (name: string) => field(fields, name) ?? null }
    const objection = objectionTo(
      { method: 'GET', status: 200, asked: { get: () => null }, answered },
      false,
      [],
    )
    if (objection === undefined && field(fields, 'set-cookie') !== undefined)
      throw new Error('shares a cookie')
  },
}

/** Headers and first lines of requests, by which an answer is found, or found unchanged. */
const request: Target = {
  name: 'cdn-request',
  seeds: [
    'host: a.example\nurl: /a?b=c\nrange: bytes=0-9\nif-none-match: W/"a", "b"\nif-range: "b"',
    'host: [::1]:8080\nurl: http://b.example/x\nrange: bytes=-5\nif-modified-since: Thu, 01 Jan 2026 00:00:00 GMT',
    'url: *\naccept-language: de;q=0.9, en\nif-unmodified-since: Thursday, 01-Jan-26 00:00:00 GMT',
  ].map(bytesOf),
  run(input) {
    const fields = fieldsOf(input)
    const held = ['etag', '"b"', 'last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT']
    const target = targetOf(field(fields, 'host'), field(fields, 'url') ?? '/')
    if (target !== undefined && /[^!-~]/.test(target.host + target.path)) throw new Error('not a path')
    const length = 100
    const span = spanOf(field(fields, 'range'), length)
    if (typeof span === 'object' && !(span.first >= 0 && span.first <= span.last && span.last < length))
      throw new Error('an impossible range')
    notModified(fields, held, now)
    rangeApplies(fields, held)
    prefersLanguage(field(fields, 'accept-language'), 'en')
    answers304('GET', { get: (name) => field(fields, name) ?? null }, '"b"', null)
  },
}

export const edgeTargets: readonly Target[] = [answer, request]
