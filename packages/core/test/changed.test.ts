import { expect, test } from 'vitest'
import { oneNode, pair, Source } from './rig.ts'

test('a change of the database removes tags, keys as `keyFor` names them, or everything, and says so', async () => {
  await using node = oneNode()
  const { cache } = node
  const row = cache.define({ name: 'row', load: (id: number) => `row ${id}` })
  const origins: string[] = []
  cache.on('invalidate', ({ origin }) => origins.push(origin))
  await cache.set('tagged', 1, { tags: ['users:1'] })
  await row(1)
  await row(2)
  await cache.changed({ kind: 'tags', tags: ['users:1'], soft: false })
  expect(await cache.get('tagged')).toBeUndefined()
  await cache.changed({ kind: 'keys', keys: [row.keyFor(1)], soft: false })
  expect([row.peek(1), row.peek(2)]).toEqual([undefined, 'row 2'])
  await cache.changed({ kind: 'all' }, { origin: 'local' })
  expect(row.peek(2)).toBeUndefined()
  expect(origins).toEqual(['db', 'db', 'local'])
})

test('a change of the database is applied inside a transaction too, and stays when that is rolled back', async () => {
  await using nodes = await pair()
  const source = new Source([['k', 'old']])
  const read = () => nodes.b.getOrSet('k', () => source.load('k'), { tags: ['t'] })
  expect(await read()).toBe('old')
  source.rows.set('k', 'new')
  const rolledBack = nodes.a.deferred(async () => {
    await nodes.a.changed({ kind: 'tags', tags: ['t'], soft: false })
    expect(await read()).toBe('new')
    throw new Error('rollback')
  })
  await expect(rolledBack).rejects.toThrow('rollback')
})
