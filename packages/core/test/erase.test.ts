import { memory } from '@tierstack/cache-memory'
import { fakeClock, inProcessBus, processStore } from '@tierstack/cache-testing'
import { expect, test } from 'vitest'
import { createCache } from '../src/index.ts'
import type { AuditRecord, EdgeOutcome, EdgePurge, EdgeTier } from '../src/index.ts'
import { finish } from './rig.ts'

function setUp() {
  const clock = fakeClock()
  const bus = inProcessBus({ clock })
  const store = processStore({ clock, bus })
  const records: AuditRecord[] = []
  const vendor = { outcome: 'purged' as EdgeOutcome, pending: 0, purged: [] as EdgePurge[] }
  const edge = (): EdgeTier<'cdn'> => ({
    kind: 'edge',
    name: 'cdn',
    open: () => {},
    announce: async () => {},
    purge: async (what) => {
      vendor.purged.push(what)
      return vendor.outcome
    },
    get pending() {
      return vendor.pending
    },
    close: async () => {},
  })
  const caches = ['a', 'b'].map((node) => {
    const near = memory()
    const cache = createCache({
      namespace: 'test',
      clock,
      jitter: false,
      tenant: true,
      audit: { sink: async (some) => void records.push(...some), who: () => 'the officer' },
      tiers: [near, store.tier({ node }), edge()],
    })
    const person = cache.define({
      name: 'person',
      load: (id: number) => ({ id }),
      tags: (_, id) => [`person:${id}`],
    })
    const as = <R>(work: () => R) => cache.withTenant('clinic', work)
    return { cache, near, person, as }
  })
  const [one, other] = caches
  if (!one || !other) throw new Error('two caches')
  const warm = async () => {
    for (const { person, as, cache } of [one, other]) {
      await as(() => person.many([1, 2]))
      await as(() => cache.set('note:1', 'x', { tags: ['person:1'] }))
    }
    await clock.settle()
  }
  const close = () => finish(clock, Promise.all([one.cache.close(), other.cache.close()]))
  return { clock, store, bus, records, vendor, one, other, warm, close }
}

test('an erasure takes a subject out of every tier and process, tells which, and is on record', async () => {
  const { clock, records, vendor, one, other, warm, close } = setUp()
  await warm()
  const erasure = await one.as(() => one.cache.erase('person:1'))
  expect(erasure).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    askedAt: clock.wall(),
    toldAt: clock.wall(),
    subject: expect.stringMatching(/^[\w-]{43}$/),
    tiers: { memory: 'erased', store: 'erased', cdn: 'erased' },
    processes: 'sent',
    complete: true,
  })
  expect(JSON.stringify(erasure)).not.toContain('person')
  // Not merely out of reach in this process.
  expect([...one.near.keys()]).toEqual(['@clinic#person@1:n2'])
  for (const { as, person, cache } of [one, other]) {
    expect(as(() => [person.peek(1), person.peek(2), cache.peek('note:1')])).toEqual([
      undefined,
      { id: 2 },
      undefined,
    ])
  }
  expect(vendor.purged.at(-1)).toEqual({ tags: ['@clinic/person:1'], soft: false })
  await clock.settle()
  const told = records.filter(({ action }) => action.startsWith('erase'))
  expect(told.map(({ action, who, tenant, definition }) => [action, who, tenant, definition])).toEqual([
    ['erase', 'the officer', 'clinic', ''],
    ['erased', 'the officer', 'clinic', ''],
  ])
  expect(told[0]?.keyHash).toBe(told[1]?.keyHash)
  // The same subject, whoever asks; and another one is another.
  const subject = async (tag: string) => (await other.as(() => other.cache.erase(tag))).subject
  expect(await subject('person:1')).toBe(erasure.subject)
  expect(await subject('person:2')).not.toBe(erasure.subject)
  await close()
})

test('an erasure waits for a tier that is down, as long as it may, and does not call queued what is', async () => {
  const { clock, store, records, one, other, warm, close } = setUp()
  await warm()
  store.down('a')
  let over = false
  const waiting = one.as(() => one.cache.erase('person:1'))
  void waiting.then(() => (over = true))
  await clock.advance(3_000)
  expect(over).toBe(false)
  store.up('a')
  await clock.advance(5_000)
  expect(await waiting).toMatchObject({ complete: true, tiers: { store: 'erased' }, processes: 'sent' })
  expect(await other.as(() => other.cache.get('note:1'))).toBeUndefined()

  store.down('a')
  const late = one.as(() => one.cache.erase('person:2', { timeout: '1s' }))
  await clock.advance(4_000)
  expect(await late).toMatchObject({
    complete: false,
    tiers: { memory: 'erased', store: 'queued' },
    processes: 'queued',
  })
  await clock.settle()
  expect(records.map(({ action }) => action).slice(-2)).toEqual(['erase', 'erase-queued'])
  store.up('a')
  await close()
})

test('a purge that stands in a queue is told as that, until the queue is empty', async () => {
  const { clock, vendor, one, warm, close } = setUp()
  await warm()
  vendor.outcome = 'durable'
  vendor.pending = 1
  const queued = one.as(() => one.cache.erase('person:1', { timeout: '1s' }))
  await clock.advance(2_000)
  expect(await queued).toMatchObject({ complete: false, tiers: { store: 'erased', cdn: 'durable' } })
  // Asked once: it goes on by itself.
  expect(vendor.purged.filter(({ tags }) => tags !== undefined)).toHaveLength(1)
  const done = one.as(() => one.cache.erase('person:1'))
  await clock.advance(1_000)
  vendor.pending = 0
  await clock.advance(2_000)
  expect(await done).toMatchObject({ complete: true, tiers: { cdn: 'erased' } })
  await close()
})

test('a transaction neither delays nor drops an erasure', async () => {
  const { one, warm, close } = setUp()
  await warm()
  const work = one.as(() =>
    one.cache.deferred(async () => {
      expect(await one.cache.erase('person:1')).toMatchObject({ complete: true })
      throw new Error('rolled back')
    }),
  )
  await expect(work).rejects.toThrow('rolled back')
  expect(one.as(() => one.person.peek(1))).toBeUndefined()
  await close()
})
