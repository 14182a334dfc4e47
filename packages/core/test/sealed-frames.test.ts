import { memory } from '@tierstack/cache-memory'
import { encrypt, keyRing } from '@tierstack/cache-serializers'
import { chaosTier, eventTranscript, fakeClock, processStore, seededRandom } from '@tierstack/cache-testing'
import { describe, expect, test } from 'vitest'
import { encodeHead, joinFrame } from '../src/frame.ts'
import { decodeFrame } from '../src/read-frame.ts'
import type { FrameHeader } from '../src/frame.ts'
import { createCache } from '../src/index.ts'
import type { Encryption, RemoteTier, StoredFrame } from '../src/index.ts'

const secret = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const ring = (byte = 1) => keyRing([{ id: `key-${byte}`, secret: secret(byte) }])

/** A tier that gives the frames which a test puts under its keys. */
function forgedTier(tier: RemoteTier<'store'>, frames: ReadonlyMap<string, Uint8Array>): RemoteTier<'store'> {
  const { coherence: _, ...plain } = chaosTier(tier)
  return {
    ...plain,
    read: (keys) =>
      Promise.resolve(
        keys.map((key, i): StoredFrame | undefined => {
          const bytes = frames.get(key)
          return bytes && { bytes, stamp: `stamp ${i}`, soft: false }
        }),
      ),
  }
}

interface Recorded {
  readonly key: string
  readonly bytes: Uint8Array
}

/** What a cache writes, by key. */
async function written(
  options: { namespace?: string; version?: number; encryption: Encryption },
  values: readonly number[],
): Promise<Recorded[]> {
  const recorded: Recorded[] = []
  const { coherence: _, ...plain } = chaosTier(processStore().tier())
  const tier: RemoteTier<'store'> = {
    ...plain,
    write: (items) => {
      recorded.push(...items.map(({ key, bytes }) => ({ key, bytes })))
      return plain.write(items)
    },
  }
  const { namespace = 'shop', version = 2, encryption } = options
  await using cache = createCache({ namespace, jitter: false, ttl: '1h', encryption, tiers: [tier] })
  const row = cache.define({
    name: 'row',
    version,
    load: (id: number) => ({ id, name: `row ${id} of ${namespace}` }),
  })
  // The first makes the generation of the definition's tag, for all.
  await row(-1)
  await cache.drain()
  await row.many(values)
  await cache.drain()
  return recorded
}

/** The frame with another header, intact by its checksum: what somebody makes who knows the format but no key. */
function reheaded(bytes: Uint8Array, key: string, change: Partial<FrameHeader>): Uint8Array {
  const { header, payload } = decodeFrame(bytes, key)
  const { codec, transforms, keyId, createdAt, freshFor, staleFor, errorFor, loadMs, version, etag, tags } =
    header
  return joinFrame(
    encodeHead({
      codec,
      transforms,
      keyId,
      createdAt,
      freshFor,
      staleFor,
      errorFor,
      loadMs,
      version,
      etag,
      key: header.key,
      tags,
      ...change,
    }),
    payload,
  )
}

function repayloaded(bytes: Uint8Array, key: string, payload: Uint8Array): Uint8Array {
  return joinFrame(decodeFrame(bytes, key).head, payload)
}

describe('sealed frames that were tampered with', () => {
  test('in any way: each is a miss and poisoned', async () => {
    const encryption = encrypt({ keys: ring() })
    const ids = Array.from({ length: 200 }, (_, i) => i)
    const all = await written({ encryption }, ids)
    const isEntry = ({ key }: Recorded) => key.startsWith('#') && !key.endsWith(':n-1')
    const mine = all.filter(isEntry)
    const older = await written({ encryption, version: 1 }, ids).then((list) => list.filter(isEntry))
    const elsewhere = await written({ encryption, namespace: 'blog' }, ids)
    const otherKeys = await written({ encryption: encrypt({ keys: ring(2) }) }, ids)
    const random = seededRandom(20_261_128)
    const below = (limit: number) => random.below(limit)
    const pick = <T>(list: readonly T[]): T => random.pick(list)
    const payloadOf = ({ bytes, key }: Recorded) => decodeFrame(bytes, key).payload
    const other = (key: string): Recorded => {
      const one = pick(mine)
      return one.key === key ? other(key) : one
    }
    const changes: readonly ((header: FrameHeader) => Partial<FrameHeader>)[] = [
      (h) => ({ createdAt: h.createdAt + 1 + below(1e9) }),
      (h) => ({ freshFor: h.freshFor + 1 + below(1e9) }),
      (h) => ({ staleFor: h.staleFor + 1 + below(1e9) }),
      (h) => ({ errorFor: h.errorFor + 1 + below(1e9) }),
      (h) => ({ loadMs: h.loadMs + 1 + below(1e6) }),
      () => ({ etag: `etag ${below(1e6)}` }),
      () => ({ version: String(3 + below(1e6)) }),
      () => ({ tags: [] }),
      (h) => ({ tags: [...h.tags, ...h.tags] }),
      (h) => ({ codec: (h.codec + 1) % 256 }),
      () => ({ transforms: [1 + below(255)] }),
      () => ({ keyId: '' }),
      () => ({ keyId: 'key-2' }),
      () => ({ keyId: `made up ${below(1e6)}` }),
    ]
    const mutations: Record<string, (own: Recorded) => Uint8Array> = {
      'another entry as it is': ({ key }) => other(key).bytes,
      'the payload of another entry': ({ key, bytes }) => repayloaded(bytes, key, payloadOf(other(key))),
      'another entry under this key': ({ key }) => {
        const from = other(key)
        return reheaded(from.bytes, from.key, { key })
      },
      cut: ({ bytes }) => bytes.subarray(0, below(bytes.length)),
      'cut, with a right checksum': (own) =>
        repayloaded(own.bytes, own.key, payloadOf(own).subarray(0, below(payloadOf(own).length))),
      'a bit flipped': ({ bytes }) => {
        const spoilt = Uint8Array.from(bytes)
        const at = below(bytes.length)
        spoilt[at] = (spoilt[at] as number) ^ (1 << below(8))
        return spoilt
      },
      'a bit of the payload flipped, with a right checksum': (own) => {
        const payload = Uint8Array.from(payloadOf(own))
        const at = below(payload.length)
        payload[at] = (payload[at] as number) ^ (1 << below(8))
        return repayloaded(own.bytes, own.key, payload)
      },
      'bytes in front, behind or between': (own) => {
        const payload = payloadOf(own)
        const at = below(payload.length + 1)
        const more = Uint8Array.from({ length: 1 + below(20) }, () => below(256))
        return repayloaded(
          own.bytes,
          own.key,
          Buffer.concat([payload.subarray(0, at), more, payload.subarray(at)]),
        )
      },
      'another header': (own) =>
        reheaded(own.bytes, own.key, pick(changes)(decodeFrame(own.bytes, own.key).header)),
      'from an older version': ({ key }) => {
        const from = pick(older)
        return reheaded(from.bytes, from.key, { key, version: '2' })
      },
      'from another namespace': ({ key }) => {
        const from = elsewhere.find((one) => one.key === key) as Recorded
        return from.bytes
      },
      'sealed with keys of somebody else': ({ key }) => {
        const from = otherKeys.find((one) => one.key === key) as Recorded
        return below(2) === 0 ? from.bytes : reheaded(from.bytes, key, { keyId: 'key-1' })
      },
    }
    const kinds = Object.entries(mutations)
    const frames = new Map<string, Uint8Array>()
    await using cache = createCache({
      namespace: 'shop',
      jitter: false,
      ttl: '1h',
      encryption,
      timeouts: { tier: '30s' },
      bulkhead: { concurrentLoads: 1_000 },
      tiers: [forgedTier(processStore().tier(), frames)],
    })
    let loads = 0
    const row = cache.define({
      name: 'row',
      version: 2,
      ttl: 0,
      load: (id: number) => {
        loads++
        return { id, name: 'loaded' }
      },
    })
    // Untouched they are hits, so that a miss below says something.
    for (const { key, bytes } of all) frames.set(key, bytes)
    expect(await row(7)).toEqual({ id: 7, name: 'row 7 of shop' })
    let poisoned = 0
    cache.on('poisoned', () => poisoned++)
    // 100,000 with TAMPERED_ROUNDS=500.
    const rounds = Number(process.env['TAMPERED_ROUNDS'] ?? 20)
    const accepted: string[] = []
    for (let round = 0; round < rounds; round++) {
      const names: string[] = []
      mine.forEach((own, i) => {
        const [name, mutate] = kinds[(round + i) % kinds.length] as (typeof kinds)[number]
        names.push(name)
        frames.set(own.key, mutate(own))
      })
      const rows = await row.many(ids)
      rows.forEach((one, i) => {
        if (one.name !== 'loaded') accepted.push(`${names[i]}: ${one.name}`)
      })
    }
    expect(accepted).toEqual([])
    expect([poisoned, loads]).toEqual([rounds * ids.length, rounds * ids.length])
  }, 120_000)
})

describe('a definition with sensitive values', () => {
  const setUp = (encryption?: Encryption) => {
    const clock = fakeClock()
    const store = processStore({ clock })
    const make = (tiers = [memory(), store.tier()] as const) =>
      createCache({ namespace: 'test', clock, jitter: false, ...(encryption && { encryption }), tiers })
    return { clock, store, make }
  }

  test('stores nothing remotely without encryption, and says so', async () => {
    const { store, make } = setUp()
    await using cache = make()
    const events = eventTranscript(cache, ['refused'])
    const patient = cache.define({ name: 'patient', sensitive: true, load: (id: number) => ({ id }) })
    expect(await patient(1)).toEqual({ id: 1 })
    await patient.set(2, { id: 2 })
    await cache.drain()
    expect(patient.peek(1)).toEqual({ id: 1 })
    expect(events.take()).toEqual(['refused store unsealed', 'refused store unsealed'])
    await using other = make()
    const same = other.define({ name: 'patient', load: () => ({ id: 0 }) })
    expect([await same.entry(1), await same.entry(2)]).toEqual([undefined, undefined])
    expect(store.transcript().some((call) => call.includes(' fill '))).toBe(false)
  })

  test('does not use an unsealed value that somebody put there', async () => {
    const { make } = setUp()
    await using writer = make()
    await writer.define({ name: 'patient', load: (id: number) => ({ id, forged: true }) })(1)
    await writer.drain()
    await using cache = make()
    const events = eventTranscript(cache, ['poisoned'])
    const patient = cache.define({
      name: 'patient',
      sensitive: true,
      load: (id: number) => ({ id, forged: false }),
    })
    expect(await patient.entry(1)).toBeUndefined()
    expect(await patient(1)).toEqual({ id: 1, forged: false })
    expect(events.take()).toEqual(['poisoned store auth'])
  })

  test('with encryption it is stored sealed, and read by another process', async () => {
    const { make } = setUp(encrypt({ keys: ring() }))
    await using a = make()
    await using b = make()
    const define = (cache: typeof a, load: () => string) =>
      cache.define({ name: 'patient', sensitive: true, load })
    await define(a, () => 'Ada Lovelace')(1)
    await a.drain()
    expect(await define(b, () => 'loaded again')(1)).toBe('Ada Lovelace')
  })

  test('while no key can be had, readers get their values and nothing is stored', async () => {
    const down: Encryption = {
      name: 'down',
      current: () => Promise.reject(new Error('the key service is down')),
      byId: () => Promise.reject(new Error('the key service is down')),
      forget: () => {},
    }
    const { make, store } = setUp(down)
    await using cache = make()
    const events = eventTranscript(cache, ['refused', 'poisoned'])
    const row = cache.define({ name: 'row', load: (id: number) => id })
    expect(await row.many([1, 2])).toEqual([1, 2])
    await cache.drain()
    expect(events.take()).toEqual(['refused store unsealed', 'refused store unsealed'])
    expect(store.transcript().some((call) => call.includes(' fill '))).toBe(false)
  })
})

test('a cache without keys misses what is sealed, one with keys what is not', async () => {
  const clock = fakeClock()
  const store = processStore({ clock })
  const make = (encryption?: Encryption) =>
    createCache({ namespace: 'test', clock, ...(encryption && { encryption }), tiers: [store.tier()] })
  await using plain = make()
  await using sealed = make(encrypt({ keys: ring() }))
  const told = [eventTranscript(plain, ['poisoned']), eventTranscript(sealed, ['poisoned'])]
  await plain.set('plain', 1)
  await sealed.set('sealed', 2)
  expect([await plain.get('sealed'), await sealed.get('plain')]).toEqual([undefined, undefined])
  expect(told.map((events) => events.take())).toEqual([['poisoned store key'], ['poisoned store auth']])
})

test('a key that has to be fetched opens a whole batch, and one that can not be had opens nothing', async () => {
  const store = processStore()
  const known = encrypt({ keys: ring() })
  const ids = Array.from({ length: 50 }, (_, id) => id)
  const make = (given: Encryption['byId']) =>
    createCache({
      namespace: 'test',
      ttl: '1h',
      encryption: { ...known, byId: given },
      tiers: [store.tier()],
    })
  const rowOf = (cache: ReturnType<typeof make>, by: string) =>
    cache.define({ name: 'row', load: (id: number) => `${id} by ${by}` })
  await using writer = make((id, tenant) => known.byId(id, tenant))
  const row = rowOf(writer, 'the writer')
  await row.many(ids)
  await writer.drain()
  const written = ids.map((id) => `${id} by the writer`)
  await using reader = make(async (id, tenant) => await known.byId(id, tenant))
  expect(await rowOf(reader, 'the reader').many(ids)).toEqual(written)
  expect(await Promise.all(ids.map((id) => row(id)))).toEqual(written)
  await using without = make(() => Promise.reject(new Error('the key service is down')))
  expect(await rowOf(without, 'who has no key').many(ids)).toEqual(ids.map((id) => `${id} by who has no key`))
})

describe('keys that change under load', () => {
  test('rotation and retirement reach no reader as an error', async () => {
    const keys = ring(1)
    const store = processStore()
    const make = () =>
      createCache({ namespace: 'test', ttl: '1h', encryption: encrypt({ keys }), tiers: [store.tier()] })
    await using a = make()
    await using b = make()
    const rows = [a, b].map((cache) => cache.define({ name: 'row', load: (id: number) => ({ id }) }))
    let reads = 0
    let over = false
    const readers = Array.from({ length: 8 }, async (_, reader) => {
      while (!over) {
        const id = reads++ % 40
        const row = rows[reader % 2] as (typeof rows)[number]
        expect(await row(id)).toEqual({ id })
        if (reads % 50 === 0) await row.delete(id)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    for (let round = 2; round < 40; round++) {
      keys.rotate({ id: `key-${round}`, secret: secret(round) })
      const until = reads + 100
      while (reads < until) await new Promise((resolve) => setImmediate(resolve))
      keys.retire(`key-${round - 1}`)
    }
    over = true
    await Promise.all(readers)
    expect(keys.ids).toEqual(['key-39'])
  })
})
