import { createCache } from '@tierstack/cache-core'
import type { LoadContext } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { startStandby } from '@tierstack/test-services'
import { expect, onTestFinished, test } from 'vitest'
import { replicaReads } from '../../src/index.ts'
import { becomes, connect, logical, server } from '../rig.ts'

const postgres = server(logical)

test('what a replica has not replayed yet is given to readers, and not kept', async () => {
  const primary = await connect(postgres().url)
  await primary.query(
    "create table users (id int primary key, name text); insert into users values (1, 'old')",
  )
  const standby = await startStandby(postgres(), { settings: logical })
  onTestFinished(() => standby.stop())
  const replica = await connect(standby.url)
  const read = async (id: number) => {
    const { rows } = await replica.query('select name from users where id = $1', [id])
    return rows[0]?.name as string
  }
  const { guard, current } = replicaReads({
    primary: (sql) => primary.query(sql),
    replica: (sql) => replica.query(sql),
    wait: '50ms',
  })
  const cache = createCache({ namespace: 'replica', tiers: [memory()], ttl: '1h' })
  onTestFinished(() => cache.close())
  const guarded = cache.define({
    name: 'guarded',
    load: guard((id: number, _context: LoadContext) => read(id)),
  })
  const bare = cache.define({ name: 'bare', load: read })
  await becomes(
    () =>
      replica.query('select from users').then(
        ({ rowCount }) => rowCount,
        () => 0,
      ),
    1,
  )
  await becomes(current, true)
  expect([await guarded(1), guarded.peek(1)]).toEqual(['old', 'old'])

  await replica.query('select pg_wal_replay_pause()')
  await primary.query("update users set name = 'new' where id = 1")
  await guarded.delete(1)
  await bare.delete(1)
  // The replica answers with the row of before, whatever the cache does.
  expect([await guarded(1), guarded.peek(1)]).toEqual(['old', undefined])
  expect(await bare(1)).toBe('old')

  await replica.query('select pg_wal_replay_resume()')
  await becomes(current, true)
  expect([await guarded(1), guarded.peek(1)]).toEqual(['new', 'new'])
  expect(await bare(1)).toBe('old')
})

test('loads of the same moment share one question to the primary, asked after they began', async () => {
  const asked: string[] = []
  const answer = (who: string) => async (_sql: string) => {
    asked.push(who)
    return [{ position: '0/10' }]
  }
  const { current } = replicaReads({ primary: answer('primary'), replica: answer('replica') })
  expect(await Promise.all(Array.from({ length: 20 }, current))).toEqual(
    Array.from({ length: 20 }, () => true),
  )
  expect(asked.filter((who) => who === 'primary')).toHaveLength(1)
  const first = current()
  await Promise.resolve()
  await Promise.all([first, current()])
  expect(asked.filter((who) => who === 'primary').length).toBeLessThanOrEqual(3)
})
