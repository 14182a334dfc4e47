import assert from 'node:assert/strict'
import type { Bulk, Fence } from '@tierstack/cache-core'
import { removals } from './leases.ts'
import { bytes, weirdNames } from './rig.ts'
import type { Check, Node } from './rig.ts'

/** Registers nothing that a tier without `bulk` would fail: for those the tests end at once. */
export function bulkContract(check: Check): void {
  check('a survey answers hit, absent and busy in the order of its keys, and leaves no mark', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const { bulk } = near.tier
    if (bulk === undefined) return
    await far.put('hit', 'frame')
    await far.lease('leased')
    await far.coherence.begin(['written'], 'intent-000000001', 10_000)
    const { reads } = await bulk.survey(['new 1', 'hit', 'leased', 'written', 'new 2'])
    assert.deepEqual(
      reads.map(({ state }) => state),
      ['absent', 'hit', 'busy', 'busy', 'absent'],
    )
    assert.equal(await far.look('new 1'), 'leased')
  })

  check('many keys of every alphabet are filled under one fence', async (rig) => {
    const node = await rig.connect()
    const { bulk } = node.tier
    if (bulk === undefined) return
    const names = [...weirdNames, ...Array.from({ length: 1_200 }, (_, i) => `many ${i}`)]
    const { reads, fence } = await bulk.survey(names)
    assert.deepEqual(new Set(reads.map(({ state }) => state)), new Set(['absent']))
    const outcomes = await bulk.fillAbsent(
      names.map((key, i) => ({ key, bytes: bytes(`${i}`), expiresAt: node.expiry() })),
      fence,
    )
    assert.deepEqual(new Set(outcomes), new Set(['stored']))
    for (const [i, key] of names.entries()) if (i % 37 === 0) assert.equal(await node.get(key), `${i}`)
    const stamps = await Promise.all(names.slice(0, 40).map((key) => node.stamp(key)))
    assert.equal(new Set(stamps).size, stamps.length)
  })

  check('what others stored, leased or write meanwhile is left alone', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const { bulk } = near.tier
    if (bulk === undefined) return
    await far.coherence.begin(['written'], 'intent-000000001', 10_000)
    const { fence } = await bulk.survey(['stored', 'leased', 'written', 'free'])
    const lease = await far.lease('stored')
    await far.fill('stored', lease, 'theirs')
    const held = await far.lease('leased')
    const fill = fillAll(near, bulk, fence)
    assert.deepEqual(await fill(['stored', 'leased', 'written', 'free']), [
      'present',
      'present',
      'present',
      'stored',
    ])
    assert.equal(await far.get('stored'), 'theirs')
    assert.equal(await far.fill('leased', held, 'theirs too'), 'stored')
  })

  for (const [what, remove] of Object.entries(removals)) {
    check(`${what} between survey and fill voids the fence`, async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      const { bulk } = near.tier
      if (bulk === undefined) return
      const { fence } = await bulk.survey(['k'])
      await remove(far)
      assert.deepEqual(await fillAll(near, bulk, fence)(['k']), ['fenced'])
    })
  }

  check('a fence taken without keys is for any, and good for its time only', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const { bulk } = near.tier
    if (bulk === undefined) return
    const names = Array.from({ length: 200 }, (_, i) => `any ${i}`)
    const taken = await bulk.survey([], 60_000)
    assert.deepEqual(taken.reads, [])
    assert.deepEqual(new Set(await fillAll(near, bulk, taken.fence)(names)), new Set(['stored']))
    const short = await bulk.survey([], 40)
    await rig.wait(80)
    assert.deepEqual(await fillAll(near, bulk, short.fence)(['late']), ['fenced'])
    const { fence } = await bulk.survey([], 60_000)
    await far.tier.delete(['gone', ...names])
    const outcomes = await fillAll(near, bulk, fence)(['gone', ...names])
    assert.deepEqual(new Set(outcomes), new Set(['fenced']))
  })

  check('a fence is good for its own history only', async (rig) => {
    const node = await rig.connect()
    const { bulk } = node.tier
    if (bulk === undefined) return
    const { fence } = await bulk.survey(['k'])
    await node.tier.clear()
    await bulk.survey(['k'])
    assert.deepEqual(await fillAll(node, bulk, fence)(['k']), ['fenced'])
    assert.deepEqual(await fillAll(node, bulk, 'made up')(['k']), ['fenced'])
  })

  check('a filled frame ends with its life, and one too large is refused', async (rig) => {
    const node = await rig.connect()
    const { bulk } = node.tier
    if (bulk === undefined) return
    const { fence } = await bulk.survey(['short', 'large', 'fits'])
    const large = new Uint8Array(node.tier.capabilities.maxValueBytes + 1)
    const items = [
      { key: 'short', bytes: bytes('a'), expiresAt: node.expiry(60) },
      { key: 'large', bytes: large, expiresAt: node.expiry() },
      { key: 'fits', bytes: bytes('b'), expiresAt: Infinity },
    ]
    assert.deepEqual(await bulk.fillAbsent(items, fence), ['stored', 'too-large', 'stored'])
    await rig.wait(120)
    assert.equal(await node.get('short'), undefined)
    assert.equal(await node.get('fits'), 'b')
  })
}

function fillAll(
  node: Node,
  bulk: Bulk,
  fence: Fence,
): (keys: readonly string[]) => Promise<readonly string[]> {
  return async (keys) =>
    await bulk.fillAbsent(
      keys.map((key) => ({ key, bytes: bytes('ours'), expiresAt: node.expiry() })),
      fence,
    )
}
