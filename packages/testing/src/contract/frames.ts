import assert from 'node:assert/strict'
import { bytes, text, weirdNames } from './rig.ts'
import type { Check, Settled } from './rig.ts'

/** What every remote tier must do: keep frames, whole and apart. */
export function frameContract(check: Check, settled: Settled): void {
  check('declares truthfully whether it has coherence', async (rig) => {
    const { tier } = await rig.connect()
    assert.equal(tier.coherence !== undefined, settled.coherence)
    assert(['process', 'host', 'fleet'].includes(tier.capabilities.shared))
    assert(tier.capabilities.maxValueBytes > 0)
  })

  check('a frame comes back byte for byte: every byte, none, and very many', async (rig) => {
    const node = await rig.connect()
    const frames = {
      every: Uint8Array.from({ length: 512 }, (_, i) => i % 256),
      none: new Uint8Array(0),
      many: new Uint8Array(Math.min(1024 ** 2, node.tier.capabilities.maxValueBytes)).map(
        (_, i) => (i * 31) % 256,
      ),
    }
    for (const [key, frame] of Object.entries(frames)) await node.put(key, frame)
    const read = await node.tier.read(Object.keys(frames))
    for (const [i, frame] of Object.values(frames).entries()) {
      assert.equal(Buffer.compare(read[i]?.bytes ?? bytes('missing'), frame), 0)
      assert.equal(read[i]?.soft, false)
    }
  })

  check('a frame over `maxValueBytes` is refused, and the others of its batch are stored', async (rig) => {
    const node = await rig.connect()
    const { maxValueBytes } = node.tier.capabilities
    if (maxValueBytes > 64 * 1024 ** 2) return
    const large = new Uint8Array(maxValueBytes + 1)
    const expiresAt = node.expiry()
    const items = [
      { key: 'a', bytes: bytes('1'), expiresAt },
      { key: 'b', bytes: large, expiresAt },
      { key: 'c', bytes: bytes('3'), expiresAt },
    ]
    const outcomes = node.tier.coherence
      ? await node.coherence.fill(
          await Promise.all(items.map(async (item) => ({ ...item, fence: await node.lease(item.key) }))),
        )
      : await node.tier.write(items)
    assert.deepEqual(outcomes, ['stored', 'too-large', 'stored'])
    assert.deepEqual([await node.get('a'), await node.get('b'), await node.get('c')], ['1', undefined, '3'])
  })

  check('answers are in the order of the keys, with undefined for what is missing', async (rig) => {
    const node = await rig.connect()
    const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)
    for (const key of keys.filter((_, i) => i % 3 === 0)) await node.put(key, key)
    const frames = await node.tier.read(keys.toReversed())
    assert.deepEqual(
      frames.map((frame) => frame && text(frame.bytes)),
      keys.map((key, i) => (i % 3 === 0 ? key : undefined)).toReversed(),
    )
  })

  check('an empty batch is answered with an empty list', async (rig) => {
    const { tier } = await rig.connect()
    assert.deepEqual(await tier.read([]), [])
    await tier.delete([])
  })

  check('keys of every alphabet live apart and are deleted apart', async (rig) => {
    const node = await rig.connect()
    for (const [i, key] of weirdNames.entries()) await node.put(key, `frame ${i}`)
    const kept = new Set(weirdNames.filter((_, i) => i % 2 === 1))
    await node.tier.delete(weirdNames.filter((key) => !kept.has(key)))
    const frames = await node.tier.read(weirdNames)
    assert.deepEqual(
      frames.map((frame) => frame && text(frame.bytes)),
      weirdNames.map((key, i) => (kept.has(key) ? `frame ${i}` : undefined)),
    )
  })

  check('every write has a stamp of its own, the same for every reader', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('k', 'same')
    const first = await near.stamp('k')
    assert.equal(await near.stamp('k'), first)
    assert.equal(await far.stamp('k'), first)
    await near.put('k', 'same')
    assert.notEqual(await near.stamp('k'), first)
  })

  check('reading leaves no trace', async (rig) => {
    const node = await rig.connect()
    assert.deepEqual(await node.tier.read(['k']), [undefined])
    assert.deepEqual(await node.tier.read(['k']), [undefined])
    if (node.tier.coherence) assert.equal(await node.look('k'), 'leased')
  })

  check('a frame is gone after `expiresAt`, and one that never expires stays', async (rig) => {
    const node = await rig.connect()
    await node.put('long', 'kept', 60_000)
    await node.put('ever', 'kept', Infinity)
    const alive = rig.within(80)
    await node.put('short', 'gone', 80)
    const early = await node.get('short')
    if (alive()) assert.equal(early, 'gone')
    await rig.wait(150)
    assert.deepEqual(
      [await node.get('short'), await node.get('long'), await node.get('ever')],
      [undefined, 'kept', 'kept'],
    )
  })

  check('a buffer that the caller reuses after the write does not change the frame', async (rig) => {
    const node = await rig.connect()
    const buffer = bytes('before')
    await node.put('k', buffer)
    buffer.fill(0)
    assert.equal(await node.get('k'), 'before')
  })

  check('deleting takes frames away for every reader, and does not mind missing ones', async (rig) => {
    const [near, far] = [await rig.connect(), await rig.connect()]
    await near.put('a', '1')
    await near.put('b', '2')
    await far.tier.delete(['a', 'missing'])
    assert.deepEqual([await near.get('a'), await near.get('b')], [undefined, '2'])
  })

  check(
    'clear makes everything of its namespace unreachable for every reader, and nothing else',
    async (rig) => {
      const [near, far] = [await rig.connect(), await rig.connect()]
      const others = [`${rig.namespace}-b`, `${rig.namespace}.b`, rig.namespace.slice(0, -1)]
      const neighbours = await Promise.all(others.map((namespace) => rig.connect(namespace)))
      for (const node of [near, ...neighbours]) await node.put('k', 'kept')
      await far.tier.clear()
      if (near.tier.coherence) await near.hears('all')
      assert.equal(await near.get('k'), undefined)
      assert.equal(await far.get('k'), undefined)
      for (const node of neighbours) assert.equal(await node.get('k'), 'kept')
      await near.put('k', 'again')
      assert.equal(await far.get('k'), 'again')
      await Promise.all(neighbours.map((node) => node.tier.clear()))
      assert.equal(await near.get('k'), 'again')
    },
  )

  check('a store that was not restarted keeps the id of its history', async (rig) => {
    const node = await rig.connect()
    await node.put('k', '1')
    assert.equal(await node.tier.hello(), node.history)
    assert.equal((await rig.connect()).history, node.history)
    assert.equal(await node.get('k'), '1')
  })

  check('a closed tier rejects, and may be closed again', async (rig) => {
    const { tier } = await rig.connect()
    await tier.close()
    await tier.close()
    await assert.rejects(tier.read(['k']))
  })
}
