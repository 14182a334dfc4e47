import assert from 'node:assert/strict'
import { bytes, weirdNames } from './rig.ts'
import type { Check, Node } from './rig.ts'

/** Whatever happens to a key must void the permission to store what was loaded before. */
export const removals: Record<string, (node: Node) => Promise<unknown>> = {
  'a delete': (node) => node.tier.delete(['k']),
  'a soft removal': (node) => node.coherence.expire(['k']),
  'an explicit set': (node) => node.put('k', 'set'),
  'an explicit set under way': (node) => node.coherence.take(['k'], 10_000),
  'the begin of a write': (node) => node.coherence.begin(['k'], 'intent-000000001', 10_000),
  'a whole write': async (node) => {
    await node.coherence.begin(['k'], 'intent-000000001', 10_000)
    await node.coherence.end(['k'], 'intent-000000001')
  },
  'the conclusion of a write whose intent ran out': (node) =>
    node.coherence.conclude([{ key: 'k', intent: 'intent-000000001' }], 10_000),
  'the end of a write whose intent ran out': (node) => node.coherence.end(['k'], 'intent-000000001'),
  'a clear': (node) => node.tier.clear(),
}

export function leaseContract(check: Check): void {
  check('of many that miss at once, one gets the lease', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const states = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? near : far).look('k')))
    assert.deepEqual(states.toSorted(), [...Array<string>(19).fill('busy'), 'leased'])
  })

  check('a batch answers hit, leased, busy and blocked in the order of its keys', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await far.put('hit', 'frame')
    await far.lease('busy')
    await far.coherence.begin(['blocked'], 'intent-000000001', 10_000)
    const keys = ['new 1', 'hit', 'busy', 'blocked', 'new 2']
    const { reads } = await near.coherence.lease(keys, 10_000, false)
    assert.deepEqual(
      reads.map(({ state }) => state),
      ['leased', 'hit', 'busy', 'blocked', 'leased'],
    )
  })

  check('leases are given and filled under keys of every alphabet', async (rig) => {
    const node = await rig.connect()
    const { reads } = await node.coherence.lease(weirdNames, 10_000, false)
    const items = reads.map((read, i) => {
      assert(read.state === 'leased', `${read.state} for ${JSON.stringify(weirdNames[i]?.slice(0, 20))}`)
      return {
        key: weirdNames[i] as string,
        fence: read.fence,
        bytes: bytes(`${i}`),
        expiresAt: node.expiry(),
      }
    })
    assert.deepEqual(new Set(await node.coherence.fill(items)), new Set(['stored']))
    for (const [i, key] of weirdNames.entries()) assert.equal(await node.get(key), `${i}`)
  })

  check('neither a lease nor an intent reads as a frame', async (rig) => {
    const node = await rig.connect()
    await node.lease('leased')
    await node.coherence.begin(['blocked'], 'intent-000000001', 10_000)
    assert.deepEqual(await node.tier.read(['leased', 'blocked']), [undefined, undefined])
  })

  check('a fill stores for every reader, once', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const fence = await near.lease('k')
    assert.equal(await near.fill('k', fence, 'first'), 'stored')
    assert.equal(await near.fill('k', fence, 'second'), 'fenced')
    assert.equal(await far.get('k'), 'first')
    assert.equal(await far.look('k'), 'hit')
  })

  check('a batch of fills stores where the fence stands and nowhere else', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const [a, b] = [await near.lease('a'), await near.lease('b')]
    await far.tier.delete(['b'])
    const expiresAt = near.expiry()
    const items = [
      { key: 'b', fence: b, bytes: bytes('b'), expiresAt },
      { key: 'a', fence: a, bytes: bytes('a'), expiresAt },
      { key: 'c', fence: a, bytes: bytes('c'), expiresAt },
    ]
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not the fill of arrays
    assert.deepEqual(await near.coherence.fill(items), ['fenced', 'stored', 'fenced'])
    assert.deepEqual(
      [await far.get('a'), await far.get('b'), await far.get('c')],
      ['a', undefined, undefined],
    )
  })

  for (const [what, removal] of Object.entries(removals)) {
    check(`${what} voids the lease of a load under way`, async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      const fence = await near.lease('k')
      await removal(far)
      assert.equal(await near.fill('k', fence, 'old'), 'fenced')
      assert.notEqual(await far.get('k'), 'old')
    })

    check(`${what} voids a claim`, async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      await near.put('k', 'stale')
      const [fence] = await near.coherence.claim([{ key: 'k', stamp: await near.stamp('k') }], 10_000)
      assert(fence)
      await removal(far)
      assert.equal(await near.fill('k', fence, 'old'), 'fenced')
      assert.notEqual(await far.get('k'), 'old')
    })
  }

  check('after a removal the next miss gets a lease of its own', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const old = await near.lease('k')
    await far.tier.delete(['k'])
    const fence = await far.lease('k')
    assert.equal(await near.fill('k', old, 'old'), 'fenced')
    assert.equal(await far.fill('k', fence, 'new'), 'stored')
    assert.equal(await near.get('k'), 'new')
  })

  check('a lease that ran out goes to the next, and the first may not store any more', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const old = await near.lease('k', 60)
    await rig.wait(120)
    const fence = await far.lease('k')
    assert.equal(await near.fill('k', old, 'old'), 'fenced')
    assert.equal(await far.fill('k', fence, 'new'), 'stored')
  })

  check('a lease that ran out and was given to nobody else may not store either', async (rig) => {
    const node = await rig.connect()
    const fence = await node.lease('k', 60)
    await rig.wait(120)
    assert.equal(await node.fill('k', fence), 'fenced')
  })

  check('renewing keeps a lease, and leaves those of others alone', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const mine = await near.lease('mine', 400)
    await near.lease('gone', 60)
    const gone = await near.lease('other')
    await far.tier.delete(['other'])
    await far.lease('other', 60)
    await near.coherence.renew(
      [
        { key: 'mine', fence: mine },
        { key: 'other', fence: gone },
      ],
      10_000,
    )
    await rig.wait(500)
    assert.equal(await far.look('mine'), 'busy')
    assert.equal(await far.look('gone'), 'leased')
    assert.equal(await far.look('other'), 'leased')
    assert.equal(await near.fill('mine', mine), 'stored')
  })

  check('a released lease goes to the next, and only its holder can release it', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const fence = await near.lease('k')
    await far.coherence.release([{ key: 'k', fence: await far.lease('other') }])
    assert.equal(await far.look('k'), 'busy')
    await near.coherence.release([{ key: 'k', fence }])
    assert.equal(await near.fill('k', fence), 'fenced')
    await far.lease('k')
  })

  check('a fill and a release wake who waits in another process', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const [filled, released] = [await near.lease('filled'), await near.lease('released')]
    assert.equal(await far.look('filled'), 'busy')
    assert.equal(await far.look('released'), 'busy')
    await near.fill('filled', filled)
    await near.coherence.release([{ key: 'released', fence: released }])
    await far.hears('filled "filled"')
    await far.hears('filled "released"')
  })

  check('an explicit set removes, announces, and stores', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', 'old')
    const fences = await near.coherence.take(['k', 'new'], 10_000)
    assert.equal(fences.filter(Boolean).length, 2)
    assert.equal(await far.get('k'), undefined)
    assert.equal(await far.look('k'), 'busy')
    await far.hears('delete "k"')
    assert.equal(await near.fill('k', fences[0] as string, 'new'), 'stored')
    assert.equal(await far.get('k'), 'new')
  })

  check('of two explicit sets, the one that began last is stored', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const [first] = await near.coherence.take(['k'], 10_000)
    const [second] = await far.coherence.take(['k'], 10_000)
    assert.equal(await far.fill('k', second as string, 'second'), 'stored')
    assert.equal(await near.fill('k', first as string, 'first'), 'fenced')
    assert.equal(await near.get('k'), 'second')
  })
}
