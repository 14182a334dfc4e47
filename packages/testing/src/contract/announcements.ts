import assert from 'node:assert/strict'
import { named, weirdNames } from './rig.ts'
import type { Check } from './rig.ts'

export function busContract(check: Check): void {
  check('the bus reports removals of another process under names of every alphabet', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await far.tier.delete(weirdNames)
    await far.coherence.expire(weirdNames)
    await far.coherence.invalidate(weirdNames, false)
    await far.coherence.invalidate(weirdNames, true)
    await far.tier.delete(['last'])
    await near.hears('delete "last"')
    for (const what of ['delete', 'expire', 'invalidate', 'soften']) {
      for (const entry of named(what, weirdNames)) assert(near.heard.includes(entry), entry.slice(0, 60))
    }
    assert.equal(near.state.gaps, 0)
  })

  check('the bus reports a batch of any size', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const keys = Array.from({ length: 3_000 }, (_, i) => `key ${i} ${'-'.repeat(50)}`)
    await far.tier.delete(keys)
    await far.tier.delete(['last'])
    await near.hears('delete "last"')
    const heard = new Set(near.heard)
    assert.deepEqual(
      named('delete', keys).filter((entry) => !heard.has(entry)),
      [],
    )
  })

  check('the bus reports removals before the wake-up of a later fill', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await far.tier.delete(['k'])
    const fence = await far.lease('k')
    assert.equal(await near.look('k'), 'busy')
    await far.fill('k', fence)
    await near.hears('filled "k"')
    assert(near.heard.indexOf('delete "k"') < near.heard.indexOf('filled "k"'))
    assert(near.heard.includes('delete "k"'))
  })

  check('the bus of another namespace hears nothing', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const others = [await rig.connect(`${rig.namespace}-b`), await rig.connect(rig.namespace.slice(0, -1))]
    await far.tier.delete(['k'])
    await far.coherence.invalidate(['t'], false)
    await far.tier.clear()
    await near.hears('all')
    await rig.wait(50)
    for (const other of others) assert.deepEqual(other.heard, [])
  })

  check('what is published on the bus itself reaches the others', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await far.coherence.bus.publish({ kind: 'keys', keys: ['k', 'a\0b'], soft: false })
    await far.coherence.bus.publish({ kind: 'keys', keys: ['k'], soft: true })
    await far.coherence.bus.publish({ kind: 'tags', tags: ['t'], soft: false })
    await far.coherence.bus.publish({ kind: 'tags', tags: ['t'], soft: true })
    await far.coherence.bus.publish({ kind: 'all' })
    const removals = ['delete "k"', 'delete "a\\u0000b"', 'expire "k"', 'invalidate "t"', 'soften "t"', 'all']
    for (const entry of removals) await near.hears(entry)
    const heard = near.heard.filter((entry) => !entry.startsWith('filled'))
    assert.deepEqual(heard.toSorted(), removals.toSorted())
    // Names of several nodes come over several connections: only what is said of one name stays in order.
    assert(heard.indexOf('delete "k"') < heard.indexOf('expire "k"'))
    assert(heard.indexOf('invalidate "t"') < heard.indexOf('soften "t"'))
  })

  check('a bus that is left alone stays alive without a gap', async (rig) => {
    const node = await rig.connect()
    const { clock } = rig.settled
    const first = node.state.live
    assert(first > clock.now())
    await rig.wait(700)
    assert(node.state.live > clock.now())
    assert(first === Infinity || node.state.live > first)
    assert.equal(node.state.gaps, 0)
  })

  check('a closed bus reports nothing more', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    const third = await rig.connect()
    await near.coherence.bus.close()
    await near.coherence.bus.close()
    near.heard.length = 0
    await far.tier.delete(['k'])
    await third.hears('delete "k"')
    await rig.wait(50)
    assert.deepEqual(near.heard, [])
  })
}
