// How soon a committed change shows in other processes, and whether any is lost to a fault:
//
//   pnpm --filter @tierstack/cache-postgres measure:feed [--seconds N] [--rate N] [--rows N] [--per-commit N] [--writers N]
//     [--readers N] [--share N] [--warm-up N] [--quiet-only]
//
// Rows are changed from outside at a steady rate, by writers of which each has rows of its own. Each reader is told of
// every change once its commit is acknowledged, and asks for the row through the cache every 10 ms until it shows, with
// up to 20 rows in a request; what changes in the first `warm-up` seconds, while code is compiled, isn't counted. In the
// second half the connections of the feed are cut, the process that holds the slot is killed, and PostgreSQL is killed.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startPostgres, startRedis } from '@tierstack/test-services'
import { Client } from 'pg'
import type { FromReader, ToReader, Written } from './feed-reader.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '40' },
    rate: { type: 'string', default: '1000' },
    rows: { type: 'string', default: '2000' },
    'per-commit': { type: 'string', default: '10' },
    writers: { type: 'string', default: '1' },
    readers: { type: 'string', default: '4' },
    share: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '20' },
    'quiet-only': { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)
const faulty = !values['quiet-only']
const rows = Number(values.rows)
const perCommit = Number(values['per-commit'])
const writers = Number(values.writers)
const now = () => performance.timeOrigin + performance.now()

interface Reader {
  readonly child: ChildProcess
  state: string
  ready: boolean
  compared: Extract<FromReader, { kind: 'compared' }> | undefined
}

const postgres = await startPostgres({ settings: { wal_level: 'logical', max_slot_wal_keep_size: '1GB' } })
const redis = await startRedis()
const delays: (readonly [number, number])[] = []
const readers: Reader[] = []

interface Fault {
  readonly what: string
  readonly from: number
  /** When what was broken could be used again, as far as the feed has no part in it. */
  mended: number
  /** When some process followed again. */
  followed: number
  until: number
}

const faults: Fault[] = []

function startReader(): Reader {
  const child = fork(
    new URL('feed-reader.ts', import.meta.url),
    [postgres.url, redis.url, String(rows), values.share],
    {
      execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'],
    },
  )
  const reader: Reader = { child, state: 'starting', ready: false, compared: undefined }
  child.on('message', (message: FromReader) => {
    if (message.kind === 'ready') reader.ready = true
    else if (message.kind === 'state') reader.state = message.state
    else if (message.kind === 'compared') reader.compared = message
    else delays.push(...message.delays)
  })
  readers.push(reader)
  return reader
}

const tell = (message: ToReader) => {
  // Who is still starting serves nobody yet.
  for (const { child, ready } of readers) if (ready && child.connected) child.send(message)
}

/** Changes that readers aren't told of yet. To be told counts as part of their delay. */
let untold: Written[] = []
const tellEveryMs = 5
setInterval(() => {
  if (untold.length > 0) tell({ kind: 'written', changes: untold })
  untold = []
}, tellEveryMs).unref()

async function wait(what: string, ask: () => boolean, limit = 90_000): Promise<void> {
  for (const end = now() + limit; !ask();) {
    if (now() > end) throw new Error(`waited in vain for ${what}`)
    await sleep(20)
  }
}

async function connect(): Promise<Client> {
  for (;;) {
    const client = new Client({ connectionString: postgres.url })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch {
      await sleep(20)
    }
  }
}

let version = 0
/** Acknowledged versions by row; a commit whose acknowledgement was lost is told of by the next one of that row. */
async function write(until: number, writer: number): Promise<number> {
  let client = await connect()
  let written = 0
  const began = now()
  const own = Math.floor(rows / writers)
  while (now() < until) {
    const first = 1 + writer * own + Math.floor(Math.random() * (own - perCommit + 1))
    version++
    const made = version
    try {
      await client.query({
        name: 'change',
        text: 'update measured set version = $1 where id between $2 and $3',
        values: [made, first, first + perCommit - 1],
      })
    } catch {
      client = await connect()
      continue
    }
    const at = now()
    for (let i = 0; i < perCommit; i++) untold.push([first + i, made, at])
    written += perCommit
    const ahead = (written / (rate / writers)) * 1_000 - (now() - began)
    if (ahead > 1) await sleep(ahead)
  }
  await client.end().catch(() => {})
  return written / ((now() - began) / 1_000)
}

/** Row changes a second. */
async function writeAll(until: number): Promise<number> {
  const rates = await Promise.all(Array.from({ length: writers }, (_, writer) => write(until, writer)))
  return rates.reduce((sum, one) => sum + one, 0)
}

async function fault(what: string, act: () => Promise<void>): Promise<void> {
  const unknown = Number.POSITIVE_INFINITY
  const one: Fault = { what, from: now(), mended: unknown, followed: unknown, until: unknown }
  faults.push(one)
  await act()
  one.mended = now()
  await wait(`a follower after: ${what}`, () =>
    readers.some(({ state, child }) => state === 'following' && child.connected),
  )
  one.followed = now()
  await sleep(500)
  one.until = now()
}

async function disturb(): Promise<void> {
  await sleep(seconds * 500)
  await fault('feed connections cut', async () => {
    const admin = await connect()
    for (const reader of readers) reader.state = 'cut'
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tierstack'",
    )
    await admin.end()
  })
  await sleep(seconds * 70)
  await fault('slot holder killed', async () => {
    const holder = readers.find(({ state }) => state === 'following') as Reader
    readers.splice(readers.indexOf(holder), 1)
    holder.child.kill('SIGKILL')
  })
  startReader()
  await sleep(seconds * 70)
  await fault('PostgreSQL killed', async () => {
    await postgres.kill()
    for (const reader of readers) reader.state = 'cut'
    await sleep(300)
    await postgres.restart()
  })
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** A commit just before a fault may still be on its way when it strikes. */
const before = 50
const struck = ({ from, until }: Fault, at: number) => at >= from - before && at <= until

/** Which part of a delay is the server's own, and which the feed's. */
function course({ what, from, mended, followed, until }: Fault): void {
  const missed = delays.filter(([at]) => at >= from - before && at <= followed)
  const visible = Math.max(...missed.map(([at, ms]) => at + ms))
  const since = (at: number) => `${(at - from).toFixed(0)} ms`
  process.stdout.write(
    `${what}, counted from there: mended after ${since(mended)}, followed again after ${since(followed)}, all that was committed until then visible after ${since(visible)}\n`,
  )
  line(
    '  committed once it was mended',
    delays.filter(([at]) => at >= mended && at <= until).map(([, ms]) => ms),
  )
}

function line(name: string, all: readonly number[]): void {
  const sorted = all.toSorted((a, b) => a - b)
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => percentile(sorted, share).toFixed(1))
  process.stdout.write(
    `${name.padEnd(30)} ${String(sorted.length).padStart(8)} shown   p50 ${p50} ms   p99 ${p99} ms   p99.9 ${p999} ms   max ${sorted.at(-1)?.toFixed(1) ?? '-'} ms\n`,
  )
}

let failed = false
try {
  const admin = await connect()
  await admin.query('create table measured (id int primary key, version bigint not null)')
  await admin.query('insert into measured select i, 0 from generate_series(1, $1) i', [rows])
  await admin.end()
  for (let i = 0; i < Number(values.readers); i++) startReader()
  await wait('the readers', () => readers.every(({ ready }) => ready))
  await wait('a follower', () => readers.some(({ state }) => state === 'following'))
  await sleep(500)
  await writeAll(now() + Number(values['warm-up']) * 1_000)
  const counted = now()
  const [achieved] = await Promise.all([writeAll(counted + seconds * 1_000), faulty ? disturb() : undefined])
  await sleep(2_000)
  tell({ kind: 'compare' })
  await wait('the comparison', () => readers.every(({ compared }) => compared !== undefined))
  process.stdout.write(`${readers.length} readers, ${achieved.toFixed(0)} row changes/s, ${seconds} s\n`)
  const inFault = (at: number) => faults.find((one) => struck(one, at))
  line(
    'without a fault',
    delays.filter(([at]) => at >= counted && !inFault(at)).map(([, ms]) => ms),
  )
  for (const one of faults) {
    line(
      one.what,
      delays.filter(([at]) => inFault(at) === one).map(([, ms]) => ms),
    )
    course(one)
  }
  const stale = readers.reduce((sum, { compared }) => sum + (compared?.stale ?? 0), 0)
  const gaps = readers.map(({ compared }) => compared?.gaps ?? 0)
  const cpu = readers.map(({ compared }) => `${((compared?.cpuMs ?? 0) / 1_000).toFixed(1)} s`)
  const reads = readers.map(({ compared }) => compared?.reads ?? 0)
  process.stdout.write(
    `rows stale 2 s after the last write: ${stale} of ${readers.length * rows}   gaps by reader: ${gaps.join(' ')}\nreads by reader: ${reads.join(' ')}   processor time: ${cpu.join(' ')}\n`,
  )
  failed = stale > 0
} finally {
  for (const { child } of readers) child.kill('SIGKILL')
  await Promise.all([postgres.stop(), redis.stop()])
}
process.exitCode = failed ? 1 : 0
