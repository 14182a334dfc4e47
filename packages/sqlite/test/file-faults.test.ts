import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fakeClock } from '@tierstack/cache-testing'
import { expect, onTestFinished, test } from 'vitest'
import { connect, connectTwo, newPath, open } from './rig.ts'
import type { Connection } from './rig.ts'

function raw(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return database
}

function remove(path: string, suffixes: readonly string[] = ['', '-wal', '-shm']): void {
  for (const suffix of suffixes) rmSync(path + suffix, { force: true })
}

/** Greets again, as the chain does after a loss. */
async function greet(connection: Connection): Promise<string> {
  expect(connection.lost).toHaveLength(1)
  connection.lost.length = 0
  return connection.tier.hello()
}

test('a file that is no database is moved aside, kept, and reported, and the tier works', async () => {
  const path = newPath()
  writeFileSync(path, 'garbage '.repeat(1000))
  const near = await connect({ path })
  await near.put('k', 'row')
  expect(await near.get('k')).toBe('row')
  expect(near.warnings).toMatchObject([{ check: 'sqlite-corrupt' }])
  const aside = readdirSync(dirname(path)).find((name) => name.startsWith('cache.db.corrupt-'))
  expect(readFileSync(join(dirname(path), aside ?? ''), 'utf8')).toContain('garbage')
})

test('a file that is damaged while it is open is begun anew, and its readers go on', async () => {
  const path = newPath()
  const clock = fakeClock()
  const first = await connect({ path, clock })
  for (let n = 0; n < 200; n++) await first.put(`k${n}`, 'x'.repeat(5_000))
  await first.tier.close()
  const near = await connect({ path, clock })
  const bytes = readFileSync(path)
  // Everything but the first page, which was read already.
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xff)]))
  await expect(near.get('k7')).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' })
  expect(await greet(near)).not.toBe(first.history)
  expect(near.warnings).toMatchObject([{ check: 'sqlite-corrupt' }])
  expect(await near.get('k7')).toBeUndefined()
  await near.put('k7', 'new row')
  expect(await near.get('k7')).toBe('new row')
})

test('of two processes that find the same damage, one moves the file and the other follows', async () => {
  const { near, far, path } = await connectTwo()
  for (let n = 0; n < 200; n++) await near.put(`k${n}`, 'x'.repeat(5_000))
  await near.tier.close()
  await far.tier.close()
  writeFileSync(path, Buffer.alloc(50_000, 7))
  const clock = fakeClock()
  const [a, b] = await Promise.all([connect({ path, clock }), connect({ path, clock })])
  expect(a.history).toBe(b.history)
  await a.put('k', 'row')
  expect(await b.get('k')).toBe('row')
  expect(readdirSync(dirname(path)).filter((name) => name.includes('.corrupt-'))).toHaveLength(1)
})

const losses = {
  'deleted with its journal': (path: string) => remove(path),
  'deleted without its journal': (path: string) => remove(path, ['']),
  'renamed with its journal': (path: string) => {
    for (const suffix of ['', '-wal', '-shm']) renameSync(path + suffix, `${path}.old${suffix}`)
  },
}

for (const [what, lose] of Object.entries(losses)) {
  test(`a file that is ${what} is noticed before anything more is served or acknowledged`, async () => {
    const { near, far, clock, path } = await connectTwo()
    await near.put('k', 'old row')
    await clock.advance(20)
    lose(path)
    await expect(near.get('k')).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' })
    await expect(far.tier.delete(['k'])).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' })
    expect(await greet(near)).not.toBe(near.history)
    expect(await greet(far)).toBe(await near.tier.hello())
    expect(await far.get('k')).toBeUndefined()
    await far.put('k', 'new row')
    expect(await near.get('k')).toBe('new row')
    expect([near.bus.gaps, far.bus.gaps]).toEqual([1, 1])
  })
}

test('a process that is idle notices within one poll that the file is gone, and vouches for nothing', async () => {
  const { near, clock, path } = await connectTwo()
  remove(path)
  const live = near.bus.live
  await clock.advance(20)
  expect(near.lost).toHaveLength(1)
  expect(near.bus.live).toBe(live)
})

test('a restored copy is another history: what was removed since does not come back', async () => {
  const { near, far, path } = await connectTwo()
  await near.put('k', 'old row')
  raw(path).exec('PRAGMA wal_checkpoint(TRUNCATE)')
  copyFileSync(path, `${path}.backup`)
  await near.tier.delete(['k'])
  await far.tier.close()
  await near.tier.close()
  remove(path)
  renameSync(`${path}.backup`, path)
  const restored = await connect({ path })
  expect(restored.history).not.toBe(near.history)
  expect(await restored.get('k')).toBeUndefined()
})

test('a file from before the last start of the machine is another history', async () => {
  const { near, far, clock, path } = await connectTwo()
  await near.put('k', 'old row')
  raw(path).exec("UPDATE meta SET value = 'of another boot' WHERE name = 'origin'")
  const later = await connect({ path, clock })
  expect(later.history).not.toBe(near.history)
  expect(await later.get('k')).toBeUndefined()
  await clock.advance(20)
  expect(far.removals).toContainEqual({ kind: 'all' })
})

test("another program's database is refused and left alone", async () => {
  const path = newPath()
  raw(path).exec('CREATE TABLE invoices (id); INSERT INTO invoices VALUES (1)')
  const near = open({ path })
  await expect(near.tier.hello()).rejects.toThrow("got another program's database: choose another path")
  expect(raw(path).prepare('SELECT * FROM invoices').all()).toHaveLength(1)
  expect(readdirSync(dirname(path)).filter((name) => name.includes('corrupt'))).toEqual([])
})

test('a file of another format is refused and left alone', async () => {
  const path = newPath()
  await (await connect({ path })).tier.close()
  raw(path).exec('PRAGMA user_version = 2')
  await expect(open({ path }).tier.hello()).rejects.toThrow(
    `Expected \`${path}\` to have format 1, got 2: give each version a file of its own`,
  )
})

test('a folder in the place of the file is one clear error, and its repair is enough', async () => {
  const path = newPath()
  mkdirSync(path)
  const near = open({ path })
  await expect(near.tier.hello()).rejects.toThrow(`Expected \`${path}\` to be usable`)
  rmSync(path, { recursive: true })
  expect(await near.tier.hello()).toMatch(/^.{16}$/)
})

test('folders that are missing on the way to the file are made', async () => {
  const path = join(dirname(newPath()), 'a', 'b', 'cache.db')
  await connect({ path })
  expect(readdirSync(dirname(path))).toContain(basename(path))
})

test('while another program keeps the file locked, hits go on and removals are refused', async () => {
  const { near, clock, path } = await connectTwo()
  await near.put('k', 'row')
  const other = raw(path)
  other.exec('BEGIN IMMEDIATE')
  expect(await near.look('k')).toBe('hit')
  const removal = near.tier.delete(['k'])
  await Promise.all([expect(removal).rejects.toThrow('another process keeps it locked'), clock.advance(300)])
  expect(near.lost).toEqual([])
  other.exec('ROLLBACK')
  await near.tier.delete(['k'])
  expect(await near.get('k')).toBeUndefined()
})

test('a short lock by another program only delays', async () => {
  const { near, clock, path } = await connectTwo()
  const other = raw(path)
  other.exec('BEGIN IMMEDIATE')
  const removal = near.tier.delete(['k'])
  await clock.advance(30)
  other.exec('ROLLBACK')
  await clock.advance(200)
  await expect(removal).resolves.toBeUndefined()
})

test('a verb that waited for a lock fails when the file was lost meanwhile', async () => {
  const { near, clock, path } = await connectTwo()
  const other = raw(path)
  other.exec('BEGIN IMMEDIATE')
  const removal = near.tier.delete(['k'])
  remove(path)
  await Promise.all([expect(removal).rejects.toMatchObject({ code: 'TIER_UNAVAILABLE' }), clock.advance(20)])
  expect(near.lost).toHaveLength(1)
})

test('a verb that waited for a lock fails when the tier was closed meanwhile', async () => {
  const { near, clock, path } = await connectTwo()
  raw(path).exec('BEGIN IMMEDIATE')
  const removal = near.tier.delete(['k'])
  await near.tier.close()
  await Promise.all([expect(removal).rejects.toMatchObject({ code: 'CLOSED' }), clock.advance(20)])
})
