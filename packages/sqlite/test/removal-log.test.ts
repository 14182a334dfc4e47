import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { connect, connectTwo } from './rig.ts'

test('a process that missed more than the log keeps is told of the gap', async () => {
  const { near, far, clock } = await connectTwo()
  for (let n = 0; n < 2_200; n++) await far.tier.delete([`k${n}`])
  await clock.advance(20)
  expect(near.bus.gaps).toBe(1)
  await far.tier.delete(['k'])
  await clock.advance(20)
  expect(near.bus.gaps).toBe(1)
  expect(near.removals.at(-1)).toEqual({ kind: 'keys', keys: ['k'], soft: false })
})

test('a process that kept up is told everything and of no gap', async () => {
  const { near, far, clock } = await connectTwo()
  for (let n = 0; n < 2_200; n++) {
    await far.tier.delete([`k${n}`])
    if (n % 500 === 0) await clock.advance(20)
  }
  await clock.advance(20)
  expect(near.bus.gaps).toBe(0)
  expect(near.removals).toHaveLength(2_200)
})

test('notices of other namespaces and of this process make no gap', async () => {
  const { near, far, clock, path } = await connectTwo()
  const other = await connect({ path, clock, namespace: 'other' })
  await near.tier.delete(['mine'])
  await other.tier.delete(['foreign'])
  await far.tier.delete(['k'])
  await clock.advance(20)
  expect(near.removals).toEqual([{ kind: 'keys', keys: ['k'], soft: false }])
  expect(near.bus.gaps).toBe(0)
})

test('long names are kept within the bound of the log, and their loss is a gap', async () => {
  const { near, far, clock, path } = await connectTwo({ maxBytes: '1mb' })
  for (let n = 0; n < 130; n++) await far.tier.delete([`${n}`.padEnd(65_536, 'x')])
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  const { kept } = database.prepare('SELECT sum(length(names)) AS kept FROM removals').get() as {
    kept: number
  }
  expect(kept).toBeLessThan(65 * 65_536)
  await clock.advance(20)
  expect(near.bus.gaps).toBe(1)
})

const unreadable = [
  ['keys', 'not json'],
  ['keys', '["k"'],
  ['keys', '{"a":1}'],
  ['tags', '[1]'],
  ['rumours', '["k"]'],
] as const

test.each(unreadable)('an unreadable notice (%s %s) removes everything', async (kind, names) => {
  const { near, clock, path } = await connectTwo()
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  database
    .prepare("INSERT INTO removals (namespace, origin, kind, names) VALUES ('test', 'forged', ?, ?)")
    .run(kind, Buffer.from(names))
  await clock.advance(20)
  expect(near.removals).toEqual([{ kind: 'all' }])
})
