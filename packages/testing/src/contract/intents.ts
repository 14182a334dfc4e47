import assert from 'node:assert/strict'
import type { Check } from './rig.ts'

const [mine, yours] = ['intent-000000001', 'intent-000000002'] as const

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
    await near.coherence.begin(['k'], mine, 60)
    assert.equal(await far.look('k'), 'blocked')
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
}
