import { createCache } from '@tierstack/cache-core'
import type { WriteQueue } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { admin } from '@tierstack/cache-metrics/admin'
import { encrypt, keyRing, msgpack } from '@tierstack/cache-serializers'
import { processQueue } from '@tierstack/cache-testing'
import { bytesOf } from './target.ts'
import type { Target } from './target.ts'

/** Rows whose pending writes are whatever the input says that the queue holds. */
function rowsOn(sealed: boolean) {
  const stored: { bytes: Uint8Array | undefined } = { bytes: undefined }
  const real = processQueue().connect()
  const queue: WriteQueue = {
    ...real,
    codec: msgpack(),
    append: (_, writes) => {
      stored.bytes = writes[0]?.bytes
      return Promise.resolve()
    },
    pending: (_, keys) => Promise.resolve(keys.map(() => stored.bytes)),
    take: () => Promise.resolve(undefined),
  }
  const keys = keyRing([{ id: 'k', secret: new Uint8Array(32).fill(7) }])
  const cache = createCache({
    namespace: 'fuzz',
    tiers: [memory()],
    writeQueue: queue,
    ...(sealed && { encryption: encrypt({ keys }) }),
  })
  const row = cache.define<number, unknown>({
    name: 'row',
    write: 'behind',
    load: () => 'from the source',
    save: () => Promise.resolve(),
  })
  return { row, stored }
}

/** What a write queue holds. A record that can't be read is an error of that read; never another value. */
const records = await Promise.all(
  [false, true].map(async (sealed): Promise<Target> => {
    const { row, stored } = rowsOn(sealed)
    const written = { id: 1, at: new Date(5), list: ['a', 'b'] }
    await row.write(1, written)
    const seed = Uint8Array.from(stored.bytes as Uint8Array)
    return {
      name: sealed ? 'sealed-write' : 'write',
      seeds: [seed],
      async run(input) {
        stored.bytes = Uint8Array.from(input)
        let value: unknown
        try {
          value = await row.uncached(1)
        } catch (error) {
          if (error instanceof Error) return
          throw error
        }
        if (sealed && JSON.stringify(value) !== JSON.stringify(written) && value !== 'from the source')
          throw new Error('a forged write was believed')
      },
    }
  }),
)

const token = 'a-token-for-tests-only'
const prefix = '/-/cache/'

/** The admin endpoint, asked by somebody who has its token: the first line is method and address, the rest the body. */
function adminTarget(): Target {
  const cache = createCache({ namespace: 'fuzz', tiers: [memory()] })
  cache.define({ name: 'user', load: (id: number) => ({ id }), tags: (_, id) => [`user:${id}`] })
  const operator = admin(cache, { token, prefix, values: true })
  return {
    name: 'admin',
    seeds: [
      'GET stats',
      'GET explain?definition=user&input=42',
      'GET entry?key=%23user@1:n42',
      'GET explain?raw=a',
      'GET tail?events=hit,miss',
      'POST purge\n{"keys":["a"],"definition":"user","inputs":[1]}',
      'POST invalidate\n{"tags":["user:1"],"soft":true}',
      'POST warm\n{"definition":"user","inputs":[1,2]}',
    ].map(bytesOf),
    async run(input) {
      const [first = '', ...rest] = Buffer.from(input).toString('latin1').split('\n')
      const [method = '', path = ''] = first.split(' ')
      // These wait for what they report on.
      if (/^(top|advice)/.test(path)) return
      let request: Request
      try {
        request = new Request(new URL(path.replaceAll('..', ''), `http://127.0.0.1${prefix}`), {
          method,
          headers: { authorization: `Bearer ${token}` },
          ...(method === 'POST' && { body: rest.join('\n') }),
        })
      } catch {
        return
      }
      const response = await operator.fetch(request)
      if (response.status >= 500 && response.status !== 503)
        throw new Error(`${response.status}: ${await response.text()}`)
      if (response.headers.get('content-type')?.startsWith('application/json')) await response.json()
      else await response.body?.cancel()
    },
  }
}

export const endpointTargets: readonly Target[] = [...records, adminTarget()]
