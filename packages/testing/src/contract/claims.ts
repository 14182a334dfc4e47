import assert from 'node:assert/strict'
import type { Fence } from '@tierstack/cache-core'
import type { Check, Node } from './rig.ts'

async function claim(node: Node, key: string, stamp: string, holdMs = 10_000): Promise<Fence | undefined> {
  return (await node.coherence.claim([{ key, stamp }], holdMs))[0]
}

export function claimContract(check: Check): void {
  check('a claimed frame stays readable, and is replaced by the fill', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', 'stale')
    const fence = await claim(near, 'k', await near.stamp('k'))
    assert(fence)
    assert.equal(await far.get('k'), 'stale')
    assert.equal(await far.look('k'), 'hit')
    assert.equal(await near.fill('k', fence, 'fresh'), 'stored')
    assert.equal(await near.fill('k', fence, 'twice'), 'fenced')
    assert.equal(await far.get('k'), 'fresh')
  })

  check('a frame is claimed once, by whoever knows its stamp', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', 'stale')
    const stamp = await near.stamp('k')
    assert.equal(await claim(far, 'k', 'x'.repeat(stamp.length)), undefined)
    assert.equal(await claim(far, 'missing', stamp), undefined)
    const fences = await Promise.all([near, far, near, far].map((node) => claim(node, 'k', stamp)))
    assert.equal(fences.filter((fence) => fence !== undefined).length, 1)
  })

  check('a frame that was replaced can not be claimed by its old stamp', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', 'old')
    const stamp = await near.stamp('k')
    await far.put('k', 'new')
    assert.equal(await claim(near, 'k', stamp), undefined)
  })

  check('a claim that ran out or was released goes to the next', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', 'stale')
    const stamp = await near.stamp('k')
    const first = await claim(near, 'k', stamp, 60)
    await rig.wait(120)
    const second = await claim(far, 'k', stamp)
    assert(first && second)
    assert.equal(await near.fill('k', first, 'late'), 'fenced')
    await far.coherence.release([{ key: 'k', fence: second }])
    assert.equal(await far.get('k'), 'stale')
    const third = await claim(near, 'k', stamp)
    assert(third)
    assert.equal(await near.fill('k', third, 'fresh'), 'stored')
  })

  check('a claim that is given back wakes who waits in another process', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', '1')
    const stamp = await near.stamp('k')
    const fence = await claim(near, 'k', stamp)
    assert.equal(await claim(far, 'k', stamp), undefined)
    await near.coherence.release([{ key: 'k', fence: fence as Fence }])
    await far.hears('filled "k"')
  })

  check('a renewed claim is kept', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', 'stale')
    const stamp = await near.stamp('k')
    const fence = await claim(near, 'k', stamp, 400)
    assert(fence)
    await near.coherence.renew([{ key: 'k', fence }], 10_000)
    await rig.wait(500)
    assert.equal(await claim(far, 'k', stamp), undefined)
    assert.equal(await near.fill('k', fence), 'stored')
  })

  check('releasing or renewing does not shorten the life of a claimed frame', async (rig) => {
    const node = await rig.connect()
    await node.put('k', 'stale')
    const stamp = await node.stamp('k')
    const fence = await claim(node, 'k', stamp, 60)
    assert(fence)
    await node.coherence.renew([{ key: 'k', fence }], 60)
    await rig.wait(120)
    assert.equal(await node.get('k'), 'stale')
    const [again] = [await claim(node, 'k', stamp)]
    assert(again)
    await node.coherence.release([{ key: 'k', fence: again }])
    assert.equal(await node.get('k'), 'stale')
  })

  check('a softly removed frame is marked for every reader, and can be claimed and replaced', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', 'stale')
    await far.coherence.expire(['k', 'missing'])
    await near.hears('expire "k"')
    const [frame] = await near.tier.read(['k'])
    assert.equal(frame?.soft, true)
    const { reads } = await near.coherence.lease(['k'], 10_000, false)
    assert(reads[0]?.state === 'hit' && reads[0].frame.soft)
    const fence = await claim(near, 'k', reads[0].frame.stamp)
    assert(fence)
    assert.equal(await near.fill('k', fence, 'fresh'), 'stored')
    const [replaced] = await far.tier.read(['k'])
    assert.equal(replaced?.soft, false)
  })

  check('a softly removed frame still ends at its own time', async (rig) => {
    const node = await rig.connect()
    const alive = rig.within(300)
    await node.put('k', 'stale', 300)
    await node.coherence.expire(['k'])
    const early = await node.get('k')
    if (alive()) assert.equal(early, 'stale')
    await rig.wait(400)
    assert.equal(await node.get('k'), undefined)
  })
}
