import { fakeClock } from '@tierstack/cache-testing'
import { describe, expect, it } from 'vitest'
import { encrypt, keyProvider, keyRing, tenantKeys } from '../src/index.ts'
import type { DataKeyStore, SecretKey, WrappedKey } from '../src/index.ts'
import { valuesEach, XaesKey } from '../src/xaes.ts'

const secret = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const bytes = (words: string): Uint8Array => Buffer.from(words)
const place = bytes('shop\0head')

/** A store of wrapped keys, and how often it was asked. */
function keyStore() {
  const rows = new Map<string, WrappedKey[]>()
  const store: DataKeyStore & { rows: typeof rows; asked: number; down: boolean } = {
    rows,
    asked: 0,
    down: false,
    async list(tenant) {
      store.asked++
      if (store.down) throw new Error('the database is down')
      return rows.get(tenant) ?? []
    },
    async put(tenant, key) {
      const others = (rows.get(tenant) ?? []).filter(({ id }) => id !== key.id)
      rows.set(tenant, [...others, key])
    },
    async remove(tenant, id) {
      if (id === undefined) rows.delete(tenant)
      else
        rows.set(
          tenant,
          (rows.get(tenant) ?? []).filter((key) => key.id !== id),
        )
    },
  }
  return store
}

describe('XAES-256-GCM', () => {
  it.each([
    [1, '', 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271'],
    [3, 'c2sp.org/XAES-256-GCM', '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d'],
  ])('gives the result of the test vector of C2SP with key byte %i', (byte, bound, expected) => {
    const nonce = bytes('ABCDEFGHIJKLMNOPQRSTUVWX')
    const sealed = new XaesKey('k', secret(byte)).seal(bytes('XAES-256-GCM'), bytes(bound), nonce)
    expect(Buffer.from(sealed.subarray(24)).toString('hex')).toBe(expected)
    expect(text(new XaesKey('k', secret(byte)).open(sealed, bytes(bound)))).toBe('XAES-256-GCM')
  })

  it('seals anew each time, with a nonce that never comes twice', () => {
    const key = new XaesKey('k', secret(1))
    const nonces = new Set<string>()
    for (let i = 0; i < 5_000; i++)
      nonces.add(Buffer.from(key.seal(bytes('v'), place).subarray(0, 24)).toString('hex'))
    expect(nonces.size).toBe(5_000)
  })

  it('keeps the first half of the nonce for a bounded number of values, and each key has its own', () => {
    const half = (key: XaesKey) => Buffer.from(key.seal(bytes('v'), place).subarray(0, 12)).toString('hex')
    const [one, other] = [new XaesKey('k', secret(1)), new XaesKey('k', secret(1))]
    const halves = Array.from({ length: valuesEach * 2 + 1 }, () => half(one))
    expect(new Set(halves).size).toBe(3)
    expect(halves.lastIndexOf(halves[0] as string)).toBe(valuesEach - 1)
    expect(halves).not.toContain(half(other))
  })

  it('opens what was sealed under more first halves than it remembers, and what was forged between them', () => {
    const reader = new XaesKey('k', secret(1))
    const sealed = Array.from({ length: 1_500 }, (_, i) =>
      new XaesKey('k', secret(1)).seal(bytes(`v${i}`), place),
    )
    for (const [i, one] of [...sealed, ...sealed].entries()) {
      const forged = Uint8Array.from(one)
      forged[i % 12] = (forged[i % 12] as number) ^ 1
      expect(() => reader.open(forged, place)).toThrow(Error)
      expect(text(reader.open(one, place))).toBe(`v${i % 1_500}`)
    }
  })

  it('refuses bytes with any bit flipped, cut anywhere, lengthened, or bound to something else', () => {
    const key = new XaesKey('k', secret(1))
    const sealed = key.seal(bytes('some value'), place)
    for (let at = 0; at < sealed.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Uint8Array.from(sealed)
        flipped[at] = (flipped[at] as number) ^ (1 << bit)
        expect(() => key.open(flipped, place)).toThrow(Error)
      }
      expect(() => key.open(sealed.subarray(0, at), place)).toThrow(Error)
    }
    expect(() => key.open(Buffer.concat([sealed, Buffer.of(0)]), place)).toThrow(Error)
    expect(() => key.open(sealed, bytes('shop\0other'))).toThrow(Error)
    expect(() => new XaesKey('k', secret(2)).open(sealed, place)).toThrow(Error)
  })

  it('takes empty values and large ones', () => {
    const key = new XaesKey('k', secret(1))
    for (const value of [new Uint8Array(), new Uint8Array(3_000_000).fill(7)]) {
      expect(Buffer.compare(key.open(key.seal(value, place), place), value)).toBe(0)
    }
  })
})

describe('a key ring', () => {
  it('writes with the newest key and reads with all, until one is retired', async () => {
    const keys = keyRing([{ id: '1', secret: secret(1) }])
    const encryption = encrypt({ keys })
    const old = await encryption.current('')
    const sealed = old.seal(bytes('v'), place)
    keys.rotate({ id: '2', secret: secret(2) })
    expect((await encryption.current('')).id).toBe('2')
    expect(text((await encryption.byId('1', ''))!.open(sealed, place))).toBe('v')
    expect(keys.ids).toEqual(['2', '1'])
    keys.retire('1')
    expect(await encryption.byId('1', '')).toBeUndefined()
    expect(() => keys.retire('2')).toThrow('a key that is not the one that writes')
  })

  it('takes base64 and base64url text, and keeps a copy of bytes', async () => {
    const given = secret(5)
    const b64 = Buffer.from(secret(0xfb)).toString('base64')
    const url = Buffer.from(secret(0xfb)).toString('base64url')
    const ring = keyRing([
      { id: 'a', secret: given },
      { id: 'b', secret: b64 },
      { id: 'c', secret: url },
    ])
    given.fill(0)
    expect((await ring.byId('a', ''))!.secret).toEqual(secret(5))
    expect((await ring.byId('b', ''))!.secret).toEqual((await ring.byId('c', ''))!.secret)
  })

  it('refuses what is no secret, without showing any of it', () => {
    for (const wrong of ['hunter2-hunter2', secret(1).subarray(1), undefined, 7]) {
      let message = ''
      try {
        keyRing([{ id: 'k', secret: wrong as never }])
      } catch (error) {
        message = String(error)
      }
      expect(message).toContain('Expected `keys.secret` of key `k` to be 32 bytes')
      expect(message).not.toContain('hunter2')
    }
    expect(() => keyRing([])).toThrow('a list of at least one key')
    expect(() => keyRing([{ id: '', secret: secret(1) }])).toThrow('`keys.id`')
    const twice = [
      { id: 'k', secret: secret(1) },
      { id: 'k', secret: secret(2) },
    ]
    expect(() => keyRing(twice)).toThrow('every secret has an id of its own')
    expect(() => encrypt({ keys: {} as never })).toThrow('Expected `keys` to be a source of keys')
  })
})

describe('a key provider', () => {
  function provider(over: object = {}) {
    const clock = fakeClock()
    const state = { asked: [] as string[], failing: false, hangs: false, id: '1' }
    const answer = async (what: string): Promise<SecretKey | undefined> => {
      state.asked.push(what)
      if (state.hangs) return await new Promise<never>(() => {})
      if (state.failing) throw new Error('the key service is down')
      return { id: state.id, secret: secret(Number(state.id)) }
    }
    const keys = keyProvider({
      current: async (tenant) => (await answer(`current ${tenant}`)) as SecretKey,
      byId: async (id, tenant) => (id === 'gone' ? undefined : await answer(`${id} ${tenant}`)),
      clock,
      ...over,
    })
    return { clock, state, keys }
  }

  it('is asked once for many readers, and behind them when its answer is no longer fresh', async () => {
    const { clock, state, keys } = provider()
    await Promise.all(Array.from({ length: 20 }, async () => await keys.current('t')))
    await keys.current('t')
    expect(state.asked).toEqual(['current t'])
    await clock.advance(300_000)
    state.id = '2'
    expect((await keys.current('t')).id).toBe('1')
    await clock.settle()
    expect((await keys.current('t')).id).toBe('2')
  })

  it('that fails or hangs leaves what is known in use, and what is unknown fails at once for a while', async () => {
    const { clock, state, keys } = provider()
    await keys.current('t')
    state.failing = true
    await clock.advance(1_800_000)
    expect((await keys.current('t')).id).toBe('1')
    await expect(keys.current('other')).rejects.toThrow('the key service is down')
    const asked = state.asked.length
    await expect(keys.current('other')).rejects.toThrow('the key service is down')
    expect(state.asked).toHaveLength(asked)
    await clock.advance(1_801_000)
    await expect(keys.current('t')).rejects.toThrow('the key service is down')
    state.failing = false
    state.hangs = true
    const late = Promise.resolve(keys.current('hung')).catch((error: unknown) => String(error))
    await clock.advance(1_000)
    expect(await late).toContain('Expected the key within 1000 ms')
  })

  it('is not flooded with questions by ids that somebody made up', async () => {
    const { state, keys } = provider()
    for (let i = 0; i < 1_000; i++) await keys.byId(`made-up-${i}`, 't')
    expect(state.asked.length).toBeLessThanOrEqual(50)
  })

  it('forgets on request, also what is on its way', async () => {
    const { state, keys } = provider()
    const early = keys.byId('1', 't')
    keys.forget('t')
    await early
    await keys.byId('1', 't')
    expect(state.asked).toEqual(['1 t', '1 t'])
    await keys.byId('1', 'u')
    keys.forget('t')
    await keys.byId('1', 'u')
    expect(state.asked).toHaveLength(3)
  })
})

describe('keys of tenants', () => {
  const master = () => keyRing([{ id: 'm1', secret: secret(9) }])

  it('differ, are kept sealed, and are the same for another process', async () => {
    const store = keyStore()
    const one = tenantKeys({ master: master(), store })
    const two = tenantKeys({ master: master(), store })
    const [a, b] = [await one.current('a'), await one.current('b')]
    expect(Buffer.from(a.secret as Uint8Array).equals(Buffer.from(b.secret as Uint8Array))).toBe(false)
    expect(await two.current('a')).toEqual(a)
    expect(await two.byId(a.id, 'a')).toEqual(a)
    expect(await two.byId(a.id, 'b')).toBeUndefined()
    const kept = JSON.stringify([...store.rows])
    expect(kept).not.toContain(Buffer.from(a.secret as Uint8Array).toString('base64'))
  })

  it('moved to another tenant or renamed do not open', async () => {
    const store = keyStore()
    const keys = tenantKeys({ master: master(), store })
    const a = await keys.current('a')
    const [wrapped] = store.rows.get('a') as WrappedKey[]
    store.rows.set('b', [wrapped as WrappedKey])
    await expect(Promise.resolve(keys.byId(a.id, 'b'))).rejects.toThrow(Error)
    store.rows.set('c', [{ ...(wrapped as WrappedKey), id: 'x' }])
    await expect(Promise.resolve(keys.byId('x', 'c'))).rejects.toThrow(Error)
  })

  it('are gone once shredded, and the tenant goes on with a new one', async () => {
    const store = keyStore()
    const keys = tenantKeys({ master: master(), store })
    const encryption = encrypt({ keys })
    const old = await encryption.current('a')
    const sealed = old.seal(bytes('v'), place)
    await keys.shred('a')
    expect(await encryption.byId(old.id, 'a')).toBeUndefined()
    const next = await encryption.current('a')
    expect(next.id).not.toBe(old.id)
    expect(() => next.open(sealed, place)).toThrow(Error)
  })

  it('rotate and retire one by one', async () => {
    const store = keyStore()
    const keys = tenantKeys({ master: master(), store })
    const first = await keys.current('a')
    await keys.rotate('a')
    expect((await keys.current('a')).id).not.toBe(first.id)
    expect((await keys.byId(first.id, 'a'))?.id).toBe(first.id)
    await keys.retire('a', first.id)
    expect(await keys.byId(first.id, 'a')).toBeUndefined()
  })

  it('outlive the master key that sealed them, once sealed anew', async () => {
    const store = keyStore()
    const ring = master()
    const keys = tenantKeys({ master: ring, store })
    const key = await keys.current('a')
    ring.rotate({ id: 'm2', secret: secret(8) })
    await keys.rewrap('a')
    ring.retire('m1')
    expect(store.rows.get('a')?.map(({ masterId }) => masterId)).toEqual(['m2'])
    expect(await keys.byId(key.id, 'a')).toEqual(key)
  })

  it('that can not be asked for reject, and are not made twice', async () => {
    const store = keyStore()
    store.down = true
    const keys = tenantKeys({ master: master(), store })
    await expect(keys.current('a')).rejects.toThrow('the database is down')
    expect(store.rows.size).toBe(0)
  })
})
