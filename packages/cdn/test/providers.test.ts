import { systemClock } from '@tierstack/cache-core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  akamai,
  bunny,
  cloudflare,
  cloudfront,
  fastly,
  genericHttp,
  googleCdn,
  nginxConf,
  varnish,
  varnishVcl,
} from '../src/index.ts'
import type { Provider } from '../src/index.ts'
import { send } from '../src/engine/send.ts'
import { signEdgeGrid } from '../src/providers/edgegrid.ts'
import { signAws } from '../src/providers/sigv4.ts'
import { providers } from './rig.ts'
import { listen, vendor } from './vendor.ts'

const token = 't0ken-not-to-be-seen'

/** The vendor's interface at an address of this machine. */
const at: Record<string, (url: string) => Provider> = {
  fastly: (api) => fastly({ service: 's', token, api }),
  cloudflare: (api) => cloudflare({ zone: 'z', token, api }),
  cloudfront: (api) => cloudfront({ distribution: 'D', accessKeyId: 'AKID', secretAccessKey: token, api }),
  akamai: (host) => akamai({ host, clientToken: token, clientSecret: token, accessToken: token }),
  bunny: (api) => bunny({ pullZone: '1', accessKey: token, api }),
  google: (api) => googleCdn({ project: 'p', urlMap: 'm', token: () => token, api }),
  http: (url) => genericHttp({ url, token }),
}

const options = {
  fetch: (url: string, init: RequestInit) => fetch(url, init),
  clock: systemClock,
  timeout: 2_000,
}

describe.each(Object.keys(at))('%s, over HTTP', (name) => {
  const make = at[name] as (url: string) => Provider

  test('takes a call as large as it documents, and tells one that is larger', async () => {
    const own = vendor(make('http://127.0.0.1:1'), systemClock)
    const server = await listen(own)
    try {
      const provider = make(server.url)
      const { perCall, maxBodyBytes } = provider.contract
      const most = Math.min(perCall, Math.floor((maxBodyBytes - 512) / 18))
      const names = Array.from({ length: most }, (_, i) => `~${String(i).padStart(13, 'a')}`)
      const batch = { kind: 'tags', names, soft: false } as const
      expect(await send(provider, batch, options)).toEqual({ ok: true })
      expect(own.violations).toEqual([])
      expect(own.purged.size).toBe(most)
    } finally {
      await server.close()
    }
  })

  test('answers are understood: too many, down, refused credentials, no answer', async () => {
    const own = vendor(make('http://127.0.0.1:1'), systemClock)
    const server = await listen(own)
    const provider = make(server.url)
    const batch = { kind: 'tags', names: ['a'], soft: false } as const
    try {
      own.faults.push(
        { status: 429, headers: { 'retry-after': '3' }, body: '' },
        { status: 503, body: '' },
        { status: 401, body: '' },
        { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
        'drop',
      )
      expect(await send(provider, batch, options)).toMatchObject({ ok: false, why: 'after' })
      expect(await send(provider, batch, options)).toMatchObject({ ok: false, why: 'backoff' })
      expect(await send(provider, batch, options)).toMatchObject({ ok: false, why: 'forbidden' })
      // The credentials go nowhere else.
      expect(await send(provider, batch, options)).toMatchObject({ ok: false })
      expect(await send(provider, batch, options)).toMatchObject({ ok: false, why: 'backoff' })
      expect(own.violations).toEqual([])
    } finally {
      await server.close()
    }
    expect(await send(provider, batch, options)).toMatchObject({ ok: false, why: 'backoff' })
  })
})

describe('contracts', () => {
  test.each(providers().map((provider) => [provider.name, provider] as const))(
    '%s says where each limit was read, and when',
    (name, { contract }) => {
      expect(name === 'http' || contract.sources.length > 0).toBe(true)
      for (const { url, read, fact } of contract.sources) {
        expect(url).toMatch(/^https:\/\//)
        expect(read).toMatch(/^\d{4}-\d\d-\d\d$/)
        expect(fact.length).toBeGreaterThan(10)
      }
    },
  )
})

test('configuration is made for a known way to purge and a real port only', () => {
  const backend = { host: '127.0.0.1', port: 3000 }
  expect(() => varnishVcl({ backend, token, by: 'keys' as never })).toThrow('Expected `by` to be')
  expect(() => varnishVcl({ backend: { ...backend, port: 0 }, token })).toThrow(
    'Expected `backend.port` to be a port from 1 to 65535, got `0` (number)',
  )
  const server = { backend: 'http://a', token, folder: '/f', listen: '80' }
  expect(() => nginxConf({ ...server, by: 'xkey' as never })).toThrow('Expected `by` to be')
})

describe('credentials', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('come from the environment when the options have none', async () => {
    vi.stubEnv('FASTLY_SERVICE_ID', 'from-env')
    vi.stubEnv('FASTLY_API_TOKEN', 'secret-from-env')
    const [request] = await fastly().requests({ kind: 'tags', names: ['a'], soft: false }, new Date())
    expect(request).toMatchObject({
      url: 'https://api.fastly.com/service/from-env/purge',
      headers: { 'fastly-key': 'secret-from-env' },
    })
  })

  test('that are missing or can be no header are refused, without being shown', () => {
    vi.stubEnv('FASTLY_API_TOKEN', '')
    expect(() => fastly({ service: 's' })).toThrow(/FASTLY_API_TOKEN in the environment/)
    const split = 'abc\r\nx-evil: 1'
    for (const make of [
      () => fastly({ service: 's', token: split }),
      () => cloudflare({ zone: 'z', token: split }),
      () => bunny({ pullZone: '1', accessKey: split }),
      () => varnish({ url: 'http://127.0.0.1', token: split }),
      () => varnishVcl({ backend: { host: '127.0.0.1', port: 1 }, token: 'a"; }' }),
      () => nginxConf({ backend: 'http://a', token: 'a";}', folder: '/f', listen: '80' }),
    ]) {
      let message = ''
      try {
        make()
      } catch (error) {
        message = (error as Error).message
      }
      expect(message).toMatch(/^Expected `token`|^Expected `accessKey`/)
      expect(message).not.toContain('evil')
    }
  })

  test('never become part of an address, nor identifiers a path of their own', () => {
    expect(() => fastly({ service: '../x', token })).toThrow(/identifier/)
    expect(() => fastly({ service: 's', token, api: 'https://user:pass@host' })).toThrow(
      /without credentials/,
    )
  })
})

describe('signatures', () => {
  test('AWS: the vector `get-vanilla` of its test suite', () => {
    const credentials = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    }
    const request = { method: 'GET', url: 'https://example.amazonaws.com/', body: '' }
    const signed = signAws(
      request,
      { credentials, region: 'us-east-1', service: 'service' },
      new Date(Date.UTC(2015, 7, 30, 12, 36)),
    )
    expect(signed['authorization']).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    )
  })

  test('Akamai: the test data of its signing libraries', () => {
    const host = 'https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net'
    const credentials = {
      clientToken: 'akab-client-token-xxx-xxxxxxxxxxxxxxxx',
      clientSecret: `${'x'.repeat(43)}=`,
      accessToken: 'akab-access-token-xxx-xxxxxxxxxxxxxxxx',
    }
    const at = new Date(Date.UTC(2014, 2, 21, 19, 34, 21))
    const nonce = 'nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'
    const signature = (method: string, path: string, body: string) =>
      signEdgeGrid({ method, url: `${host}${path}`, body }, credentials, at, nonce).split('signature=')[1]
    expect(signature('GET', '/', '')).toBe('tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU=')
    expect(signature('POST', '/testapi/v1/t3', 'data'.repeat(8))).toBe(
      'hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4=',
    )
  })
})
