import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EntryRead } from '@tierstack/cache-core'
import { Planner } from '../src/planner.ts'
import type { HeaderPlan, PlanFacts } from '../src/planner.ts'
import { freshnessHeaders } from '../src/privacy.ts'
import type { Provider } from '../src/index.ts'
import { facts, headersOf, providers, read } from './rig.ts'

function planner(provider: Provider, cap = Number.POSITIVE_INFINITY): Planner {
  return new Planner({
    contract: provider.contract,
    maxTtl: 3_600_000,
    negativeTtl: 60_000,
    inFlight: 2_000,
    cap: () => cap,
    hideCacheStatus: false,
  })
}

const named = (name: string): Provider => providers().find((one) => one.name === name) as Provider
const planOf = (name: string, given: Partial<PlanFacts> = {}): HeaderPlan =>
  planner(named(name)).plan(facts(given))
const sent = (plan: HeaderPlan): Record<string, string> => Object.fromEntries(plan.headers)

/** What the response's headers are after the plan, over what the application had set. */
function after(plan: HeaderPlan, before: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(before)
  for (const name of plan.remove) headers.delete(name)
  for (const [name, value] of plan.headers) headers.append(name, value)
  return headers
}

/** Would a cache that reads this field first, and then Cache-Control, keep the response for others? */
function keptBy(field: string, headers: Headers): boolean {
  const own = headers.get(field)
  if (field === 'x-accel-expires' && own !== null) return own !== '0'
  const ruling = own ?? headers.get('cache-control') ?? ''
  return !/private|no-store|no-cache/.test(ruling) || /s-maxage=[1-9]/.test(ruling)
}

describe('a plan', () => {
  test('gives the life that remains, in each dialect, with the windows after it', () => {
    const reads = [
      read({ ttl: 60_900, swr: 30_000, staleIfError: 90_000 }),
      read({ key: '#city@1:n1', ttl: 41_000, swr: 10_000, staleIfError: 120_000 }),
    ]
    const given = { reads, took: 500 }
    expect(sent(planOf('varnish', given))['cache-control']).toBe(
      'public, max-age=0, s-maxage=40, stale-while-revalidate=10, stale-if-error=90',
    )
    expect(sent(planOf('cloudflare', given))).toMatchObject({
      'cache-control': 'public, max-age=0, must-revalidate',
      'cdn-cache-control': 'max-age=40, stale-while-revalidate=10, stale-if-error=90',
    })
    expect(sent(planOf('fastly', given))).toMatchObject({
      'cache-control': 'public, max-age=0, must-revalidate',
      'surrogate-control': 'max-age=40, stale-while-revalidate=10, stale-if-error=90',
    })
    expect(sent(planOf('nginx', given))['x-accel-expires']).toBe('40')
  })

  test('carries the tags in the vendor’s own header', () => {
    const header = (name: string) => named(name).contract.tags?.header
    expect(['fastly', 'cloudflare', 'akamai', 'bunny', 'varnish', 'nginx'].map(header)).toEqual([
      'Surrogate-Key',
      'Cache-Tag',
      'Edge-Cache-Tag',
      'CDN-Tag',
      'xkey',
      undefined,
    ])
    const plan = planOf('fastly', { reads: [read({ tags: ['menu'] })] })
    expect(sent(plan)['Surrogate-Key']?.split(' ')).toContain('menu')
    expect(planOf('nginx', { reads: [read({ tags: ['menu'] })] }).tags).toContain('menu')
  })

  const unkept: Record<string, readonly [Partial<PlanFacts>, string]> = {
    'a request with credentials': [{ asked: headersOf({ authorization: 'Basic x' }) }, 'private'],
    'a request with a cookie': [{ asked: headersOf({ cookie: 'sid=1' }) }, 'private'],
    'a response that sets a cookie, even for anybody': [
      { answered: headersOf({ 'set-cookie': 'a=1' }), anybody: true },
      'private',
    ],
    'a response that the application calls private': [
      { answered: headersOf({ 'cache-control': 'private, max-age=60' }) },
      'private',
    ],
    'a response that the application wants not stored': [
      { answered: headersOf({ 'surrogate-control': 'no-store' }) },
      'uncached',
    ],
    'a response that varies by cookie': [
      { answered: headersOf({ vary: 'Accept-Encoding, Cookie' }) },
      'private',
    ],
    'a response that varies by everything': [{ answered: headersOf({ vary: '*' }) }, 'uncached'],
    'a response made of nothing that is known': [{ reads: [] }, 'uncached'],
    'a response made of a stale entry': [{ reads: [read(), read({ ttl: 0, swr: 60_000 })] }, 'uncached'],
    'a response made of what was removed meanwhile': [
      { reads: [read({ current: () => false })] },
      'uncached',
    ],
    'a response that took too long': [{ took: 2_001 }, 'uncached'],
    'a POST': [{ method: 'POST' }, 'uncached'],
    'a failure': [{ status: 503 }, 'uncached'],
    'a part': [{ status: 206 }, 'uncached'],
  }
  for (const [name, [given, mode]] of Object.entries(unkept)) {
    test(`keeps ${name} from every edge`, () => {
      for (const provider of providers()) {
        const plan = planner(provider).plan(facts(given))
        expect(plan.mode).toBe(mode)
        expect(plan.tags).toEqual([])
        for (const field of freshnessHeaders) expect(keptBy(field, after(plan, {}))).toBe(false)
      }
    })
  }

  test('a route for anybody is public whatever the request carries', () => {
    const asked = headersOf({ authorization: 'Basic x', cookie: 'a=1' })
    expect(planOf('varnish', { asked, anybody: true }).mode).toBe('public')
  })

  test('a 404 lives shorter, and a route may cap the life of what was read, or give one to what read nothing', () => {
    const life = (given: Partial<PlanFacts>) =>
      /s-maxage=(\d+)/.exec(sent(planOf('varnish', given))['cache-control'] ?? '')?.[1]
    const reads = [read({ ttl: 600_000 })]
    expect(life({ reads, status: 404 })).toBe('60')
    expect(life({ reads, ttl: 5_000 })).toBe('5')
    expect(life({ reads: [], ttl: 7_000 })).toBe('7')
    expect(life({ reads: [read({ ttl: Number.POSITIVE_INFINITY })] })).toBe('3600')
  })

  test('while purges do not get through, life is short and nothing is served past it', () => {
    const plan = planner(named('fastly'), 30_000).plan(
      facts({ reads: [read({ ttl: 600_000, swr: 60_000 })] }),
    )
    expect(sent(plan)['surrogate-control']).toBe('max-age=30')
  })

  test('browsers keep nothing unless the route says so, and never longer than the edge', () => {
    expect(sent(planOf('fastly', { browserTtl: 10_000 }))['cache-control']).toBe('public, max-age=10')
    expect(sent(planOf('fastly', { browserTtl: 100_000 }))['cache-control']).toBe('public, max-age=60')
  })

  test('says in Cache-Status what our tiers did', () => {
    expect(sent(planOf('varnish'))['cache-status']).toBe('tierstack; hit; ttl=60; detail="memory"')
    expect(sent(planOf('varnish', { reads: [read({ tier: undefined })] }))['cache-status']).toBe(
      'tierstack; fwd=miss; stored',
    )
    expect(sent(planOf('varnish', { reads: [] }))['cache-status']).toBe('tierstack; fwd=bypass')
  })
})

const text = fc.string({ maxLength: 30 })
const life = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 10_000_000 }),
  fc.constant(Number.POSITIVE_INFINITY),
)
const anyRead: fc.Arbitrary<EntryRead> = fc.record({
  namespace: fc.constantFrom('shop', 'other'),
  key: text,
  tier: fc.constantFrom('memory', undefined),
  tags: fc.array(text, { maxLength: 40 }),
  ttl: life,
  swr: life,
  staleIfError: life,
  age: life,
  current: fc.boolean().map((still) => () => still),
})
const control = fc.constantFrom(
  'public, max-age=600',
  's-maxage=600',
  'max-age=600',
  'public, s-maxage=100, stale-while-revalidate=100',
)
/** Headers that an application, or something before us, might have set. */
const anyHeaders = fc.dictionary(fc.constantFrom(...freshnessHeaders, 'vary', 'etag', 'age'), control, {
  maxKeys: 4,
})
const anyFacts = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
  status: fc.constantFrom(200, 203, 301, 404, 410, 500),
  reads: fc.array(anyRead, { maxLength: 30 }),
  took: fc.integer({ min: 0, max: 5_000 }),
  ttl: fc.constantFrom(undefined, 0, 60_000),
  browserTtl: fc.constantFrom(undefined, 0, 60_000),
})

describe('whatever comes together', () => {
  test('an answer to credentials, or one that sets a cookie, is public in no vendor’s dialect', () => {
    const personal = fc.oneof(
      fc
        .constantFrom('authorization', 'cookie')
        .map((name) => ({ asked: { [name]: 'x' }, answered: {}, anybody: false })),
      fc.boolean().map((anybody) => ({ asked: {}, answered: { 'set-cookie': 'a=1' }, anybody })),
      fc
        .constantFrom('cookie', 'Authorization', 'accept-encoding, COOKIE')
        .map((vary) => ({ asked: {}, answered: { vary }, anybody: true })),
      fc
        .constantFrom('private', 'no-store', 'max-age=9, PRIVATE', 'private="set-cookie"')
        .map((value) => ({ asked: {}, answered: { 'cache-control': value }, anybody: true })),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...providers()),
        anyFacts,
        personal,
        anyHeaders,
        (provider, some, own, headers) => {
          const before = { ...headers, ...own.answered }
          const { ttl, browserTtl, ...rest } = some
          const plan = planner(provider).plan({
            ...rest,
            ...(ttl !== undefined && { ttl }),
            ...(browserTtl !== undefined && { browserTtl }),
            asked: headersOf(own.asked),
            answered: headersOf(before),
            anybody: own.anybody,
          })
          expect(plan.mode).not.toBe('public')
          const result = after(plan, before)
          for (const field of freshnessHeaders) expect([field, keptBy(field, result)]).toEqual([field, false])
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('headers are well-formed, within the vendor’s limits, and never a longer life than any entry has', () => {
    fc.assert(
      fc.property(fc.constantFrom(...providers()), anyFacts, (provider, some) => {
        const { ttl, browserTtl, ...rest } = some
        const plan = planner(provider).plan({
          ...rest,
          ...(ttl !== undefined && { ttl }),
          ...(browserTtl !== undefined && { browserTtl }),
          asked: headersOf(),
          answered: headersOf(),
        })
        const { maxTags, maxBytes, header } = provider.contract.tags ?? unlimited
        for (const [name, value] of plan.headers) {
          expect(name).toMatch(/^[A-Za-z-]+$/)
          expect(value).toMatch(/^[\u0020-\u007e]*$/)
          expect(name !== header || value.length <= maxBytes).toBe(true)
        }
        expect(plan.tags.length).toBeLessThanOrEqual(maxTags)
        expect(plan.tags.join(' ').length).toBeLessThanOrEqual(maxBytes)
        const isPublic = plan.mode === 'public'
        const lives = plan.headers.flatMap(([name, value]) => [
          ...[...value.matchAll(/(?:max-age|s-maxage)=(\d+)/g)].map(([, seconds]) => Number(seconds)),
          ...(name === 'x-accel-expires' ? [Number(value)] : []),
        ])
        const shortest = Math.min(3_600_000, ...some.reads.map(({ ttl }) => ttl - some.took))
        expect(!isPublic || lives.every((life) => life * 1000 <= shortest)).toBe(true)
        expect(!isPublic || some.reads.every((read) => read.current())).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})

const unlimited = {
  header: '',
  maxTags: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
}
