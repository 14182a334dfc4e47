import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { sqliteQueue } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'tierstack-queue-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const fresh = () => join(folder, `${files++}`, 'purges.db')

describe('the queue in a file', () => {
  test('what is closed before it is done is taken over by the next who opens the file, once', async () => {
    const path = fresh()
    const first = sqliteQueue({ path }).lane('shop/edge')
    const done = await first.put({ tags: ['a'] })
    await first.put({ keys: ['k'], soft: true })
    await first.settle([done, 999])
    await first.close()
    await first.close()
    const [second, third] = [sqliteQueue({ path }).lane('shop/edge'), sqliteQueue({ path }).lane('shop/edge')]
    expect(await second.takeOver()).toEqual([{ id: 2, what: { keys: ['k'], soft: true } }])
    expect(await second.takeOver()).toEqual([])
    expect(await third.takeOver()).toEqual([])
    await second.close()
    expect(await third.takeOver()).toHaveLength(1)
    await third.close()
  })

  test('lanes don’t see each other’s', async () => {
    const queue = sqliteQueue({ path: fresh() })
    const lane = queue.lane('shop/a')
    await lane.put({ all: true })
    await lane.close()
    const other = queue.lane('shop/b')
    expect(await other.takeOver()).toEqual([])
    await other.close()
  })

  test('a process that is silent for ten seconds, or does not run, has left what it had', async () => {
    for (const [pid, host, ago] of [
      [process.pid, 'elsewhere', 11_000],
      [2 ** 22 + 1, undefined, 0],
    ] as const) {
      const path = fresh()
      const lane = sqliteQueue({ path }).lane('shop/edge')
      const db = new DatabaseSync(path)
      const { hostname } = await import('node:os')
      db.prepare('insert into owners values (?, ?, ?, ?)').run(
        'gone',
        pid,
        host ?? hostname(),
        Date.now() - ago,
      )
      db.prepare('insert into intents (lane, owner, what) values (?, ?, ?)').run(
        'shop/edge',
        'gone',
        '{"tags":["t"]}',
      )
      expect(await lane.takeOver()).toEqual([{ id: 1, what: { tags: ['t'] } }])
      db.close()
      await lane.close()
    }
  })

  test('who comes and dies between two looks has left what it had', async () => {
    const path = fresh()
    const lane = sqliteQueue({ path }).lane('shop/edge')
    expect(await lane.takeOver()).toEqual([])
    const db = new DatabaseSync(path)
    db.prepare('insert into owners values (?, ?, ?, ?)').run('gone', 1, 'elsewhere', 0)
    db.prepare('insert into intents (lane, owner, what) values (?, ?, ?)').run('shop/edge', 'gone', '{}')
    expect(await lane.takeOver()).toEqual([{ id: 1, what: {} }])
    db.close()
    await lane.close()
  })

  test('what belongs to somebody nobody saw is found at the latest by every twelfth look', async () => {
    const path = fresh()
    const lane = sqliteQueue({ path }).lane('shop/edge')
    expect(await lane.takeOver()).toEqual([])
    const db = new DatabaseSync(path)
    db.prepare('insert into intents (lane, owner, what) values (?, ?, ?)').run('shop/edge', 'unseen', '{}')
    db.close()
    const looks = []
    for (let look = 1; look <= 12; look++) looks.push(await lane.takeOver())
    expect(looks.flat()).toEqual([{ id: 1, what: {} }])
    await lane.close()
  })

  test('a process that lives elsewhere keeps what it has', async () => {
    const path = fresh()
    const lane = sqliteQueue({ path }).lane('shop/edge')
    const db = new DatabaseSync(path)
    db.prepare('insert into owners values (?, ?, ?, ?)').run('other', 1, 'elsewhere', Date.now())
    db.prepare('insert into intents (lane, owner, what) values (?, ?, ?)').run('shop/edge', 'other', '{}')
    expect(await lane.takeOver()).toEqual([])
    db.close()
    await lane.close()
  })

  test('dead letters stay, the newest first', async () => {
    const path = fresh()
    const lane = sqliteQueue({ path, survives: 'machine' }).lane('shop/edge')
    await lane.bury({ name: 'a', error: 'x', at: 1 })
    await lane.bury({ name: 'b', error: 'y', at: 2 })
    await lane.close()
    const next = sqliteQueue({ path }).lane('shop/edge')
    expect(await next.dead()).toEqual([
      { name: 'b', error: 'y', at: 2 },
      { name: 'a', error: 'x', at: 1 },
    ])
    await next.close()
  })

  test('refuses what is no file', () => {
    for (const path of ['', ':memory:', 'file:x'])
      expect(() => sqliteQueue({ path })).toThrow(/path of a file/)
  })
})
