import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '@tierstack/cache-testing'
import type { SeededRandom } from '@tierstack/cache-testing'
import { History } from './history.ts'
import { LedgerWriter } from './ledger.ts'
import { watchLag } from './lag.ts'
import { Promises } from './promises.ts'
import { Readers } from './readers.ts'
import { sharedNow } from './shared-time.ts'
import { Source } from './source.ts'
import { makeSubject } from './subjects/make-subject.ts'
import { Verdict } from './verdict.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './worker-protocol.ts'
import { Writers } from './writers.ts'

/*
 * One application process: a cache of its own, readers and writers, and the verdict on what was read.
 */

const setup = JSON.parse(process.argv[2] as string) as WorkerSetup
const { keys, folder, instance, seed, position } = setup
const randomFor = (role: number): SeededRandom => seededRandom(seed * 1_000 + position * 10 + role)

const ledger = new LedgerWriter(folder, instance)
const history = new History(folder, keys, instance)
const verdict = new Verdict(history, setup.bound, (key) => subject.tale(key))
const promises = new Promises(ledger, history)
const source = new Source(setup.database, setup.groups)
let wallOffset = 0
let loads = 0

const delays = randomFor(0)
const standing = new Int32Array(new SharedArrayBuffer(4))

/** After the row was read: what follows may overtake it. */
async function delay(): Promise<void> {
  loads++
  const chance = delays.next()
  if (chance < setup.delays.blocks) Atomics.wait(standing, 0, 0, 1_700)
  else if (chance < setup.delays.blocks + setup.delays.stalls) await sleep(1_600 + delays.below(900))
  else await sleep(delays.next() < 0.05 ? 20 + delays.below(130) : 1 + delays.below(20))
}

const silent = (began: boolean): void => ledger.silence(began, sharedNow())
// A process that has just started hears nothing yet.
silent(true)
silent(false)

const subject = makeSubject(setup.library, setup.without, {
  place: setup.place,
  namespace: setup.namespace,
  silent,
  trace: setup.trace,
  memoryEntries: Math.ceil(keys * 0.7),
  wallOffset: setup.ownClock ? () => wallOffset : undefined,
  load: async (key) => {
    const row = await source.row(key)
    await delay()
    return row
  },
  loadMany: async (wanted) => {
    const rows = await source.rows(wanted)
    await delay()
    return rows
  },
})

const readers = new Readers(subject, verdict, { keys, hotReads: setup.hotReads, randomFor })
const writers = new Writers(subject, source, promises, {
  keys,
  groups: setup.groups,
  changes: setup.changes,
  random: randomFor(9),
})

const say = (message: FromWorker) => process.send?.(message)

function report(): void {
  verdict.judge()
  const { counts, findings } = verdict
  say({
    kind: 'report',
    report: {
      counts,
      findings,
      loads,
      changes: writers.changes,
      refused: writers.refused,
      promised: promises.promised,
      waiting: promises.waiting,
      counters: subject.counters(),
    },
  })
}

async function calm(): Promise<void> {
  await writers.stop()
  const deadline = performance.now() + 8_000
  while (promises.waiting > 0 && performance.now() < deadline) await sleep(10)
  say({ kind: 'calm', waiting: promises.waiting })
}

async function end(): Promise<void> {
  await readers.stop()
  report()
  await Promise.race([subject.close(), sleep(3_000)])
  await source.close()
  process.disconnect()
  process.exit(0)
}

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'begin':
      readers.start()
      writers.start()
      break
    case 'calm':
      void calm()
      break
    case 'audit':
      void readers.audit().then((versions) => say({ kind: 'audit', versions }))
      break
    case 'jump':
      wallOffset = message.ms
      break
    case 'end':
      void end()
      break
  }
})
process.on('disconnect', () => process.exit(0))

watchLag((from, until) => ledger.lag(from, until))
setInterval(() => promises.confirm(subject.queued()), 10)
setInterval(() => verdict.judge(), 20)
setInterval(report, 250)
say({ kind: 'ready' })
