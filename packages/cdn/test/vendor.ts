import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '@tierstack/cache-core'
import type { Provider } from '../src/index.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: { get(name: string): string | null }
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** How one vendor's call reads, and what it says. */
interface Speech {
  /** The names in a call, or an answer when it can't be read. */
  names(asked: Asked): readonly string[] | Answer
  readonly good: (asked: Asked) => Answer
  readonly tooMany: Answer
  readonly tooLarge: Answer
  /** A name that the vendor refuses, by its documented characters and length. */
  readonly bad: (name: string) => boolean
}

const json = (body: string): { readonly [name: string]: unknown } =>
  JSON.parse(body) as { [name: string]: unknown }
const forbidden: Answer = { status: 401, body: 'unauthorized' }
const missing: Answer = { status: 404, body: 'not found' }

/** What each vendor documents; addresses and days stand in the providers' contracts. */
export const speeches: Record<string, Speech> = {
  fastly: {
    names: ({ method, path, headers, body }) => {
      if (headers.get('fastly-key') === null) return forbidden
      if (method !== 'POST' || path !== '/service/s/purge') return missing
      return json(body)['surrogate_keys'] as string[]
    },
    good: () => ({ status: 200, body: '{"~a":"1-2"}' }),
    tooMany: { status: 429, body: '{"msg":"Exceeded"}' },
    tooLarge: { status: 400, body: '{"msg":"too many keys"}' },
    bad: (name) => name.length > 1024 || !/^[\u0021-\u007e]+$/.test(name),
  },
  cloudflare: {
    names: ({ method, path, headers, body }) => {
      if (headers.get('authorization')?.startsWith('Bearer ') !== true) return forbidden
      if (method !== 'POST' || !/^\/zones\/z\/(?:purge|invalidate)_cache$/.test(path)) return missing
      // Exactly one kind.
      if (Object.keys(json(body)).join() !== 'tags') return { status: 400, body: '{"success":false}' }
      return json(body)['tags'] as string[]
    },
    good: () => ({ status: 200, body: '{"success":true,"errors":[],"messages":[],"result":{"id":"z"}}' }),
    tooMany: { status: 429, headers: { 'retry-after': '2' }, body: '{"success":false}' },
    tooLarge: { status: 400, body: '{"success":false,"errors":[{"code":1094}]}' },
    bad: (name) => name.length > 1024 || !/^[\u0021-\u007e]+$/.test(name) || name.includes(','),
  },
  cloudfront: {
    names: ({ method, path, headers, body }) => {
      if (headers.get('authorization')?.startsWith('AWS4-HMAC-SHA256 ') !== true)
        return { ...forbidden, status: 403 }
      if (method !== 'POST' || path !== '/2020-05-31/distribution/D/invalidation') return missing
      const items = [...body.matchAll(/<Path>#([^<]*)<\/Path>/g)].map(([, name]) => name as string)
      const quantity = Number(/<Quantity>(\d+)<\/Quantity>/.exec(body)?.[1])
      if (quantity !== items.length || !/<CallerReference>.+<\/CallerReference>/.test(body)) {
        return { status: 400, body: '<Code>InconsistentQuantities</Code>' }
      }
      return items
    },
    good: () => ({ status: 201, body: '<Invalidation><Status>InProgress</Status></Invalidation>' }),
    tooMany: { status: 400, body: '<Error><Code>TooManyInvalidationsInProgress</Code></Error>' },
    tooLarge: { status: 413, body: '<Error><Code>BatchTooLarge</Code></Error>' },
    bad: (name) => name.length > 256 || !/^[\u0021-\u007e]+$/.test(name) || name.includes(','),
  },
  akamai: {
    names: ({ method, path, headers, body }) => {
      if (headers.get('authorization')?.startsWith('EG1-HMAC-SHA256 ') !== true) return forbidden
      if (method !== 'POST' || !/^\/ccu\/v3\/(?:invalidate|delete)\/tag\/production$/.test(path))
        return missing
      return json(body)['objects'] as string[]
    },
    good: () => ({ status: 201, body: '{"purgeId":"1","estimatedSeconds":5,"httpStatus":201}' }),
    tooMany: { status: 429, body: '{"title":"Rate Limit exceeded","httpStatus":429}' },
    tooLarge: { status: 413, body: '{"title":"Request too large","httpStatus":413}' },
    bad: (name) => name.length > 128 || !/^[A-Za-z0-9!#$%'+./^_`|~-]+$/.test(name),
  },
  bunny: {
    names: ({ method, path, headers, body }) => {
      if (headers.get('accesskey') === null) return forbidden
      if (method !== 'POST' || path !== '/pullzone/1/purgeCache') return missing
      return [json(body)['CacheTag'] as string]
    },
    good: () => ({ status: 204, body: '' }),
    tooMany: { status: 429, headers: { 'retry-after': '2' }, body: '' },
    tooLarge: { status: 400, body: '' },
    bad: (name) => name.length > 1024 || name.includes(','),
  },
  google: {
    names: ({ method, path, headers, body }) => {
      if (headers.get('authorization')?.startsWith('Bearer ') !== true) return forbidden
      if (method !== 'POST' || path !== '/projects/p/global/urlMaps/m/invalidateCache') return missing
      return json(body)['cacheTags'] as string[]
    },
    good: () => ({ status: 200, body: '{"kind":"compute#operation","status":"RUNNING"}' }),
    tooMany: { status: 429, body: '{"error":{"code":429}}' },
    tooLarge: { status: 400, body: '{"error":{"code":400}}' },
    bad: (name) => name.length > 120 || name.includes(','),
  },
  http: {
    names: ({ headers, body }) =>
      headers.get('authorization')?.startsWith('Bearer ') === true
        ? (json(body)['tags'] as string[])
        : forbidden,
    good: () => ({ status: 200, body: '' }),
    tooMany: { status: 429, headers: { 'retry-after': '1' }, body: '' },
    tooLarge: { status: 413, body: '' },
    bad: () => false,
  },
}

export interface Vendor {
  answer(asked: Asked): Answer
  /** Instants at which each name was purged, `clock.now()`. */
  readonly purged: Map<string, number[]>
  /** What the client did that the documentation forbids. */
  readonly violations: string[]
  /** Answers given before the documented ones; `drop` does the work and loses the answer. */
  readonly faults: (Answer | 'drop' | undefined)[]
  calls: number
}

/** A vendor's interface as documented: it enforces the limits, and notes who breaks them. */
export function vendor(provider: Provider, clock: Clock): Vendor {
  const { contract, name } = provider
  const speech = speeches[name] as Speech
  const buckets = contract.buckets.map((bucket) => ({ ...bucket, tokens: bucket.burst, at: clock.now() }))
  const own: Vendor = {
    purged: new Map(),
    violations: [],
    faults: [],
    calls: 0,
    answer(asked) {
      own.calls++
      const names = speech.names(asked)
      if (!Array.isArray(names)) {
        own.violations.push(`unreadable: ${asked.method} ${asked.path}`)
        return names as Answer
      }
      const bad = (names as string[]).find(speech.bad)
      if (bad !== undefined) {
        own.violations.push(`characters or length: ${bad}`)
        return { status: 400, body: 'bad tag' }
      }
      if (names.length > contract.perCall || asked.body.length > contract.maxBodyBytes) {
        own.violations.push(`too large: ${names.length} names, ${asked.body.length} bytes`)
        return speech.tooLarge
      }
      for (const bucket of buckets) {
        bucket.tokens = Math.min(
          bucket.burst,
          bucket.tokens + ((clock.now() - bucket.at) / 1000) * bucket.perSecond,
        )
        bucket.at = clock.now()
        // A token's worth of rounding is nobody's fault.
        if (bucket.tokens + 1e-6 < (bucket.of === 'call' ? 1 : names.length)) {
          own.violations.push('too fast')
          return speech.tooMany
        }
      }
      const fault = own.faults.shift()
      if (fault !== undefined && fault !== 'drop') return fault
      for (const bucket of buckets) bucket.tokens -= bucket.of === 'call' ? 1 : names.length
      for (const one of names as string[]) {
        const times = own.purged.get(one)
        if (times === undefined) own.purged.set(one, [clock.now()])
        else times.push(clock.now())
      }
      if (fault === 'drop') throw new TypeError('fetch failed: the answer was lost')
      return speech.good(asked)
    },
  }
  return own
}

/** The vendor as `fetch`: no socket, and the clock of the test. `latency` on that clock. */
export function fetchOf(
  vendor: Vendor,
  clock: Clock,
  latency = 0,
): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    if (latency > 0) await new Promise<void>((resolve) => clock.after(latency, resolve))
    const { pathname } = new URL(url)
    const { status, headers, body } = vendor.answer({
      method: init.method ?? 'GET',
      path: pathname,
      headers: new Headers(init.headers),
      body: typeof init.body === 'string' ? init.body : '',
    })
    return new Response(status === 204 ? null : body, { status, ...(headers && { headers }) })
  }
}

/** The vendor behind a port of this machine. */
export async function listen(vendor: Vendor): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      try {
        const answer = vendor.answer({
          method,
          path: url,
          headers: { get: (name) => headers[name]?.toString() ?? null },
          body,
        })
        response.writeHead(answer.status, answer.headers).end(answer.body)
      } catch {
        request.socket.destroy()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
