import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startPostgres } from '@tierstack/test-services'
import type { PostgresServer } from '@tierstack/test-services'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { tierstack } from '../rig.ts'

const exec = promisify(execFile)
const here = join(import.meta.dirname, '..')
let server: PostgresServer
let root: string

beforeAll(async () => {
  server = await startPostgres({ settings: { wal_level: 'logical', max_slot_wal_keep_size: '1GB' } })
  await query(`
    create table countries (code char(2) primary key, name text not null, continent text);
    create table cities (id int primary key, country char(2) references countries, name text not null,
      population bigint, location point, changed_at timestamptz not null default now(), tags text[]);
    create table "page Views" (city int, day date, views int not null default 0, primary key (day, city));
    create schema billing;
    create table billing.invoices ("invoice-no" uuid primary key, paid boolean, lines jsonb, scan bytea);
    create table notes (text text);
    create table users (id int primary key, name text not null);
    insert into countries values ('de', 'Germany', 'Europe');
    insert into cities select i, 'de', 'City ' || i, i * 1000 from generate_series(1, 50) i;
    insert into users select i, 'User ' || i from generate_series(1, 50) i;
  `)
})
afterAll(() => server.stop())

// Below the package, so that the generated code finds what it imports.
beforeEach(() => {
  mkdirSync(join(here, 'generated'), { recursive: true })
  root = mkdtempSync(join(here, 'generated', 'app-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))
afterAll(() => rmSync(join(here, 'generated'), { recursive: true, force: true }))

async function query(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(sql)
  await client.end()
}

async function init(...words: string[]): Promise<string> {
  const { code, out, err } = await tierstack(['init', '--root', root, '--yes', ...words])
  expect(err).toBe('')
  expect(code).toBe(0)
  return out
}

async function typeChecks(): Promise<void> {
  const config = { extends: '@tierstack/tsconfig/base.json', include: ['src'] }
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(config))
  const compiler = join(here, '..', 'node_modules', '.bin', 'tsc')
  await exec(compiler, ['-p', root]).catch((error: { stdout: string }) => {
    throw new Error(error.stdout)
  })
}

/** Runs a program beside the generated code; resolves to what it prints last, as JSON. */
async function runs(program: string): Promise<unknown> {
  writeFileSync(join(root, 'src', 'cache', 'program.ts'), program)
  const words = ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning']
  const { stdout } = await exec(process.execPath, [...words, join(root, 'src', 'cache', 'program.ts')], {
    env: {
      ...process.env,
      DATABASE_URL: server.url,
      REDIS_URL: inject('redisUrl'),
      CACHE_ADMIN_TOKEN: 'x'.repeat(16),
    },
  })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

const neverStale = (definition: string, table: string, key: string) => `
import pg from 'pg'
import { setTimeout as sleep } from 'node:timers/promises'
import { cache } from './cache.ts'
import { pool } from './database.ts'
import { ${definition} } from './definitions.ts'
import { followDatabase } from './invalidation.ts'
import { serveMonitoring } from './monitoring.ts'
import { warmer } from './warming.ts'

const feed = followDatabase()
await feed.ready()
const monitoring = serveMonitoring(0)
const warmed = await warmer.runOnce()
const outside = new pg.Client({ connectionString: process.env['DATABASE_URL'] })
await outside.connect()
let reads = 0
let reading = true
const readers = Array.from({ length: 8 }, async (_, i) => {
  while (reading) {
    await ${definition}(((reads + i * 7) % 50) + 1)
    reads++
    if (reads % 50 === 0) await sleep(1)
  }
})
for (let n = 0; n < 300; n++) {
  await outside.query('update ${table} set name = $1 where ${key} = $2', ['name ' + n, (n % 50) + 1])
  if (n % 10 === 0) await sleep(5)
}
await sleep(1_000)
const { rows } = await outside.query('select ${key} as key, name from ${table}')
let stale = 0
for (const { key, name } of rows) if ((await ${definition}(key))?.name !== name) stale++
reading = false
await Promise.all(readers)
const metrics = await fetch('http://127.0.0.1:' + monitoring.address().port + '/metrics').then((r) => r.text())
monitoring.close()
monitoring.closeAllConnections()
await feed.close()
await outside.end()
await cache.close()
await pool.end()
console.log(JSON.stringify({ reads, stale, warmed: warmed.tasks.find(({ name }) => name === '${table}')?.loaded, measured: metrics.includes('cache_hits') }))
`

test('in a database of all kinds of tables: the code type-checks, runs, and is never stale', async () => {
  const tables = ['countries', 'cities', 'page Views', 'billing.invoices'].flatMap((table) => [
    '--table',
    table,
  ])
  await init('--namespace', `cities-${process.pid}`, '--database', server.url, ...tables)
  await typeChecks()
  const code = readFileSync(join(root, 'src', 'cache', 'definitions.ts'), 'utf8')
  expect(code).toContain('export const cityByKey = cache.define({')
  expect(code).toContain('readonly population: string | null')
  expect(code).toContain("readonly 'invoice-no': string")
  expect(code).toContain('export const pageViewByKey')
  await query(
    readFileSync(join(root, 'src', 'cache', 'change-feed.sql'), 'utf8').replaceAll(/^ALTER SYSTEM.*$/gm, ''),
  )
  expect(await runs(neverStale('cityByKey', 'cities', 'id'))).toEqual({
    reads: expect.any(Number) as number,
    stale: 0,
    warmed: 50,
    measured: true,
  })
  const rerun = await init('--namespace', 'other', '--database', server.url, ...tables)
  expect(rerun).not.toMatch(/ written$/m)
  expect(readFileSync(join(root, 'src', 'cache', 'definitions.ts'), 'utf8')).toBe(code)
})

test.each([['memory'], ['memory,redis'], ['memory,sqlite']])(
  'in an empty project, with %s',
  async (tiers) => {
    const out = await init('--tiers', tiers)
    expect(out).toContain('npm install @tierstack/cache-core')
    await typeChecks()
  },
)

test('in an empty project the code runs as soon as there is a table', async () => {
  await init('--namespace', `users-${process.pid}`)
  const program = `
import { cache } from './cache.ts'
import { pool } from './database.ts'
import { userByKey } from './definitions.ts'
const before = await userByKey(1)
await userByKey.write(1, async () => { await pool.query("update users set name = 'Eve' where id = 1") })
const after = await userByKey(1)
await cache.close()
await pool.end()
console.log(JSON.stringify({ before, after }))
`
  expect(await runs(program)).toEqual({ before: { id: 1, name: 'User 1' }, after: { id: 1, name: 'Eve' } })
})

test.each([
  [
    'a table that is not there',
    ['--table', 'nope'],
    'Expected a table `nope` in the database, there is none',
  ],
  ['a table without a primary key', ['--table', 'notes'], 'Expected the table `notes` to have a primary key'],
  ['a tier that is none', ['--tiers', 'memory,disk'], 'Expected --tiers to be some of memory, redis, sqlite'],
  ['a namespace with a space', ['--namespace', 'my shop'], 'Expected --namespace to be letters'],
  [
    'a database that is not there',
    ['--database', 'postgres://127.0.0.1:1/x'],
    'Expected a database to look into',
  ],
])('%s is told in one sentence, and nothing is written', async (_, words, sentence) => {
  const { code, err } = await tierstack(['init', '--root', root, '--yes', '--database', server.url, ...words])
  expect(err).toContain(sentence)
  expect(code).toBe(2)
  await expect(exec('ls', ['-A', root])).resolves.toMatchObject({ stdout: '' })
})
