import assert from 'node:assert/strict'
import type { Check, Node } from './rig.ts'

const [mine, yours] = ['intent-000000001', 'intent-000000002'] as const

/** What makes a write's own value no longer the last word on its key. */
const disturbances: Record<string, (other: Node) => Promise<unknown>> = {
  'another write begins': (other) => other.coherence.begin(['k'], yours, 10_000),
  'another write comes and goes': async (other) => {
    await other.coherence.begin(['k'], yours, 10_000)
    await other.coherence.end(['k'], yours)
  },
  'the key is deleted': (other) => other.tier.delete(['k']),
  'the key is removed softly': (other) => other.coherence.expire(['k']),
  'somebody tries to set the key': (other) => other.coherence.take(['k'], 10_000),
  'everything is cleared': (other) => other.tier.clear(),
}

export function intentContract(check: Check): void {
  check(
    'a write takes the frame away when it begins, announces that, and blocks until it ends',
    async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      await far.put('k', 'old')
      await near.coherence.begin(['k'], mine, 10_000)
      await far.hears('delete "k"')
      assert.equal(await far.get('k'), undefined)
      assert.equal(await far.look('k'), 'blocked')
      assert.deepEqual(await far.coherence.take(['k'], 10_000), [undefined])
      assert.equal(await far.look('k'), 'blocked')
      far.heard.length = 0
      await near.coherence.end(['k'], mine)
      await far.hears('delete "k"')
      assert.equal(await far.look('k'), 'leased')
    },
  )

  for (const [first, second] of [
    [mine, yours],
    [yours, mine],
  ] as const) {
    check(
      `of two writes, the end of ${first === mine ? 'the first' : 'the second'} keeps the other`,
      async (rig) => {
        const [near, far] = [await rig.connect(), await rig.connect()]
        await near.coherence.begin(['k'], mine, 10_000)
        await far.coherence.begin(['k'], yours, 10_000)
        await near.coherence.end(['k'], first)
        assert.equal(await near.look('k'), 'blocked')
        await near.coherence.end(['k'], first)
        assert.equal(await near.look('k'), 'blocked')
        await far.coherence.end(['k'], second)
        assert.equal(await near.look('k'), 'leased')
      },
    )
  }

  check('a write may announce itself again', async (rig) => {
    const node = await rig.connect()
    await node.coherence.begin(['k'], mine, 10_000)
    await node.coherence.begin(['k'], mine, 10_000)
    await node.coherence.end(['k'], mine)
    assert.equal(await node.look('k'), 'leased')
  })

  check('a delete or a soft removal does not end a write', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.coherence.begin(['k'], mine, 10_000)
    await far.tier.delete(['k'])
    assert.equal(await far.look('k'), 'blocked')
    await far.coherence.expire(['k'])
    assert.equal(await far.look('k'), 'blocked')
  })

  check('the intent of a writer that died ends by itself', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const stands = rig.within(60)
    await near.coherence.begin(['k'], mine, 60)
    const early = await far.look('k')
    // Who stood still for so long has a lease now, and saw nothing of the intent.
    if (!stands()) return
    assert.equal(early, 'blocked')
    await rig.wait(120)
    assert.equal(await far.look('k'), 'leased')
  })

  check('a write that ends after its intent ran out deletes what was stored since', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.coherence.begin(['k'], mine, 60)
    await rig.wait(120)
    assert.equal(await far.fill('k', await far.lease('k'), 'from before the commit'), 'stored')
    await near.coherence.end(['k'], mine)
    assert.equal(await far.get('k'), undefined)
  })

  check('one write announces itself for several keys', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.coherence.begin(['a', 'b'], mine, 10_000)
    assert.deepEqual(
      [await far.look('a'), await far.look('b'), await far.look('c')],
      ['blocked', 'blocked', 'leased'],
    )
    await near.coherence.end(['a', 'b'], mine)
    assert.deepEqual([await far.look('a'), await far.look('b')], ['leased', 'leased'])
  })

  check('a write that nothing disturbed concludes with the lease, announces that, and fills', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.coherence.begin(['k'], mine, 10_000)
    await far.hears('delete "k"')
    far.heard.length = 0
    const [fence] = await near.coherence.conclude([{ key: 'k', intent: mine }], 10_000)
    assert(fence)
    await far.hears('delete "k"')
    assert.equal(await far.look('k'), 'busy')
    assert.equal(await near.fill('k', fence, 'committed'), 'stored')
    assert.equal(await far.get('k'), 'committed')
  })

  for (const [what, disturb] of Object.entries(disturbances)) {
    check(`when ${what} meanwhile, a write concludes without the lease`, async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      await near.coherence.begin(['k'], mine, 10_000)
      await disturb(far)
      assert.deepEqual(await near.coherence.conclude([{ key: 'k', intent: mine }], 10_000), [undefined])
      assert.equal(await near.get('k'), undefined)
    })
  }

  check(
    'a write that began while another stood concludes without the lease, and so does that',
    async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      await near.coherence.begin(['k'], mine, 10_000)
      await far.coherence.begin(['k'], yours, 10_000)
      assert.deepEqual(await far.coherence.conclude([{ key: 'k', intent: yours }], 10_000), [undefined])
      assert.equal(await far.look('k'), 'blocked')
      assert.deepEqual(await near.coherence.conclude([{ key: 'k', intent: mine }], 10_000), [undefined])
      assert.equal(await far.look('k'), 'leased')
    },
  )

  check('a write whose intent ran out concludes without the lease', async (rig) => {
    const node = await rig.connect()
    await node.coherence.begin(['k'], mine, 60)
    await rig.wait(120)
    assert.deepEqual(await node.coherence.conclude([{ key: 'k', intent: mine }], 10_000), [undefined])
    assert.equal(await node.look('k'), 'leased')
  })
}
