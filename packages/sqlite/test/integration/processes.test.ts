import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { newPath } from '../rig.ts'
import { peers } from './peers.ts'
import type { Peer } from './peers.ts'

test('processes that start at once agree on one file', async () => {
  const all = await peers(newPath(), 4)
  const histories = await Promise.all(all.map((peer) => peer.do('hello')))
  expect(new Set(histories).size).toBe(1)
})

test('of processes that miss the same key at once, one gets the lease', async () => {
  const all = await peers(newPath(), 4)
  for (let round = 0; round < 50; round++) {
    const states = await Promise.all(all.map((peer) => peer.do('look', `k${round}`, 5_000)))
    expect(states.filter((state) => state === 'leased')).toHaveLength(1)
    expect(states.filter((state) => state === 'busy')).toHaveLength(3)
  }
})

test('a removal by one process reaches the memory of the others', async () => {
  const [near, far] = (await peers(newPath(), 2)) as [Peer, Peer]
  await far.do('delete', ['k', 'a\0b'])
  await vi.waitFor(async () => expect((await near.do('told')).removed).toEqual(['k', 'a\0b']))
  expect(await near.do('told')).toMatchObject({ gaps: 0, vouched: true })
})

test('a process that is killed while loading delays others by no more than its lease', async () => {
  const [near, far] = (await peers(newPath(), 2)) as [Peer, Peer]
  expect(await near.do('look', 'k', 400)).toBe('leased')
  await near.kill()
  expect(await far.do('look', 'k', 400)).toBe('busy')
  await sleep(400)
  expect(await far.do('look', 'k', 400)).toBe('leased')
})

test('processes that are killed in the middle of their writes leave a sound file', async () => {
  const path = newPath()
  const [survivor] = (await peers(path, 1)) as [Peer]
  const history = await survivor.do('hello')
  for (let round = 0; round < 5; round++) {
    const writers = await peers(path, 2)
    const ends = writers.map((peer) => peer.do('writeForEver').catch(String))
    await sleep(40 + round * 35)
    await Promise.all(writers.map((peer) => peer.kill()))
    await Promise.all(ends)
    await survivor.do('put', `round ${round}`, 'row')
    expect(await survivor.do('get', `round ${round}`)).toBe('row')
  }
  expect(await survivor.do('told')).toMatchObject({ lost: [], vouched: true })
  expect(await survivor.do('hello')).toBe(history)
  const database = new DatabaseSync(path)
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
})

test('a process that was stopped for long is told that it missed something', async () => {
  const [near, far] = (await peers(newPath(), 2)) as [Peer, Peer]
  near.signal('SIGSTOP')
  await far.do('deleteEach', 2_500)
  near.signal('SIGCONT')
  await vi.waitFor(async () => expect((await near.do('told')).gaps).toBe(1))
})

test('after an acknowledged removal no process reads the old row, nor from a load that began before', async () => {
  const path = newPath()
  writeFileSync(`${path}.row`, '0')
  writeFileSync(`${path}.acknowledged`, '0')
  const [writer, ...readers] = (await peers(path, 4)) as [Peer, ...Peer[]]
  const checks = readers.map((peer) => peer.do('check', 2_500))
  const versions = await writer.do('change', 500)
  const seen = await Promise.all(checks)
  expect(seen.map(({ stale }) => stale)).toEqual([0, 0, 0])
  expect(Math.min(...seen.map(({ reads }) => reads))).toBeGreaterThan(100)
  expect([undefined, String(versions)]).toContain(await writer.do('get', 'row'))
})
