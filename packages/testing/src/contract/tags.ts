import assert from 'node:assert/strict'
import { weirdNames } from './rig.ts'
import type { Check, Node } from './rig.ts'

async function tagClock(node: Node, key: string): Promise<string> {
  return (await node.coherence.lease([key], 10_000, true)).tagClock
}

async function stamp(node: Node, tag: string): Promise<string> {
  const [generation] = await node.coherence.stampTags([tag], await tagClock(node, `load of ${tag}`))
  assert(generation, `no generation for ${JSON.stringify(tag)}`)
  return generation
}

export function tagContract(check: Check): void {
  check('a tag that nobody stamped or invalidated has no state', async (rig) => {
    const node = await rig.connect()
    assert.deepEqual(await node.coherence.tags(['t']), [undefined])
  })

  check('a stamp gives a tag a generation that every process sees', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const generation = await stamp(near, 't')
    assert.equal(await stamp(far, 't'), generation)
    assert.deepEqual(await far.coherence.tags(['other', 't']), [undefined, { generation, softened: [] }])
  })

  check('tags of every alphabet live apart, also from keys of the same name', async (rig) => {
    const node = await rig.connect()
    const generations = await node.coherence.stampTags(weirdNames, await tagClock(node, 'load'))
    assert.equal(new Set(generations).size, weirdNames.length)
    await node.coherence.invalidate(weirdNames.slice(1), false)
    await node.put('t', 'frame')
    await node.coherence.invalidate(['t'], false)
    assert.equal(await node.get('t'), 'frame')
    assert(await stamp(node, 't'))
    assert.equal((await node.coherence.tags(['t']))[0]?.generation, await stamp(node, 't'))
    await node.tier.delete([...weirdNames, 't'])
    const [kept, ...others] = await node.coherence.tags([...weirdNames, 't'])
    assert.equal(kept?.generation, generations[0])
    for (const [i, state] of others.entries()) {
      assert(state, `no state of ${JSON.stringify(weirdNames[i + 1]?.slice(0, 20))}`)
      assert.notEqual(state.generation, generations[i + 1])
    }
  })

  check('an invalidation gives a new generation, announces it, and leaves other tags alone', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const [t, other] = [await stamp(near, 't'), await stamp(near, 'other')]
    await far.coherence.invalidate(['t', 'unknown'], false)
    await near.hears('invalidate "t"')
    await near.hears('invalidate "unknown"')
    const [state, otherState] = await near.coherence.tags(['t', 'other'])
    assert.notEqual(state?.generation, t)
    assert.deepEqual(state?.softened, [])
    assert.equal(otherState?.generation, other)
    assert.equal(await stamp(near, 't'), state?.generation)
  })

  check(
    'a soft invalidation keeps the earlier generations as softened, and a hard one ends them',
    async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      const first = await stamp(near, 't')
      await far.coherence.invalidate(['t'], true)
      await near.hears('soften "t"')
      const second = await stamp(near, 't')
      await far.coherence.invalidate(['t'], true)
      const [soft] = await near.coherence.tags(['t'])
      assert.deepEqual(new Set(soft?.softened), new Set([first, second]))
      assert(soft && !soft.softened.includes(soft.generation))
      await far.coherence.invalidate(['t'], false)
      const [hard] = await near.coherence.tags(['t'])
      assert.deepEqual(hard?.softened, [])
      assert(hard && ![first, second, soft.generation].includes(hard.generation))
    },
  )

  for (const soft of [false, true]) {
    check(`a tag that is ${soft ? 'softly ' : ''}invalidated during a load is not stamped`, async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      await stamp(near, 'known')
      const before = await tagClock(near, 'k')
      await far.coherence.invalidate(['known', 'unknown'], soft)
      assert.deepEqual(await near.coherence.stampTags(['known', 'unknown'], before), [undefined, undefined])
      const after = await tagClock(near, 'k')
      const stamped = await near.coherence.stampTags(['known', 'unknown'], after)
      assert.equal(stamped.filter((generation) => generation !== undefined).length, 2)
    })
  }

  check('a known tag is stamped although another one was invalidated during the load', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const generation = await stamp(near, 'mine')
    const before = await tagClock(near, 'k')
    await far.coherence.invalidate(['other'], false)
    assert.deepEqual(await near.coherence.stampTags(['other', 'mine'], before), [undefined, generation])
  })

  check('a new tag is stamped although keys were removed during the load', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const before = await tagClock(near, 'a')
    await far.put('b', 'frame')
    await far.tier.delete(['b'])
    const [generation] = await near.coherence.stampTags(['new'], before)
    assert(generation)
    assert.equal(await stamp(far, 'new'), generation)
  })
}
