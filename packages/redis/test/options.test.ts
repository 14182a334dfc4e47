import { spawnSync } from 'node:child_process'
import { expect, expectTypeOf, test } from 'vitest'
import { redis } from '../src/index.ts'
import type { RedisOptions } from '../src/index.ts'
import { resolveOptions } from '../src/options.ts'

const url = 'redis://localhost:6379'

test('the defaults', () => {
  expect(resolveOptions({ url })).toMatchObject({
    name: 'redis',
    prefix: 'ts',
    buckets: 64,
    bus: 'pubsub',
    heartbeat: 100,
    silence: 500,
    maxValueBytes: 8 * 1024 ** 2,
    wait: undefined,
    tagTtl: 7 * 86_400_000,
    codec: { name: 'msgpack' },
  })
})

test('the name of the tier is inferred', () => {
  const plain = redis({ url })
  const named = redis({ url, name: 'far' })
  expectTypeOf(plain.name).toEqualTypeOf<'redis'>()
  expectTypeOf(named.name).toEqualTypeOf<'far'>()
  expect([plain.name, named.name]).toEqual(['redis', 'far'])
  expect(plain.capabilities).toEqual({ shared: 'fleet', maxValueBytes: 8 * 1024 ** 2 })
})

const wrong: [string, unknown][] = [
  ['Expected `redis options` to be an object of options, got `undefined`', undefined],
  [
    'Expected `redis options` to be given exactly one of url, client, sentinels, cluster, got `[]` (array)',
    {},
  ],
  ['got `["url","cluster"]` (array)', { url, cluster: [url] }],
  ['did you mean `url`?', { ulr: url }],
  [
    'Expected `url` to be a URL that begins with redis:// or rediss://, got `"localhost"` (string)',
    { url: 'localhost' },
  ],
  ['Expected `url`', { url: 'http://localhost' }],
  ['Expected `cluster` to be a list of URLs', { cluster: [] }],
  ['Expected `sentinelName` to be given together with `sentinels`', { sentinels: ['a:1'] }],
  ['Expected `sentinels` to be a list of `host:port`', { sentinels: ['a'], sentinelName: 'm' }],
  ['Expected `prefix`', { url, prefix: 'a:b' }],
  ['Expected `name` to be a non-empty string', { url, name: '' }],
  ['Expected `buckets` to be an integer from 1 to 4096, got `0` (number)', { url, buckets: 0 }],
  ["Expected `bus` to be 'pubsub' or 'tracking', got `\"kafka\"` (string)", { url, bus: 'kafka' }],
  ["Expected `bus` to be 'pubsub' with a Cluster", { cluster: [url], bus: 'tracking' }],
  ['Expected `heartbeat`', { url, heartbeat: -1 }],
  ['Expected `silence` to be at least three times `heartbeat`', { url, silence: 200 }],
  ['Expected `maxValueBytes`', { url, maxValueBytes: 'big' }],
  ['Expected `codec`', { url, codec: {} }],
  ['Expected `wait.replicas`', { url, wait: { replicas: 0, timeout: 10 } }],
  ['Expected `tagTtl`', { url, tagTtl: Infinity }],
  ['Expected `tls`', { url, tls: 'yes' }],
  ['Expected `client` to be a client, Cluster or Sentinel client of ioredis', { client: {} }],
]

for (const [sentence, options] of wrong) {
  test(`a wrong option is one sentence: ${sentence}`, () => {
    expect(() => redis(options as RedisOptions)).toThrow(sentence)
  })
}

test('no error shows a password', () => {
  for (const options of [{ url: 'http://u:secret@h' }, { url, password: { secret: 1 } }]) {
    expect(() => redis(options as unknown as RedisOptions)).not.toThrow(/secret/)
    expect(() => redis(options as unknown as RedisOptions)).toThrow(/Expected/)
  }
})

test('without ioredis, one sentence says what to install', () => {
  const program = `
    const module = require('node:module')
    const resolve = module._resolveFilename
    module._resolveFilename = function (name, ...rest) {
      return resolve.call(this, name === 'ioredis' ? 'ioredis-that-is-not-installed' : name, ...rest)
    }
    import('./src/index.ts').then(({ redis }) => redis({ url: '${url}' })).catch((e) => console.log(e.code, e.message))
  `
  const { stdout } = spawnSync(process.execPath, ['--conditions=@tierstack/source', '-e', program], {
    cwd: new URL('..', import.meta.url),
    encoding: 'utf8',
  })
  expect(stdout).toContain('MISSING_PEER')
  expect(stdout).toContain('npm install ioredis')
})
