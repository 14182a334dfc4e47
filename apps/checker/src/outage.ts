import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '@tierstack/test-services'
import type { RedisServer } from '@tierstack/test-services'
import { FaultProxy } from './proxy.ts'
import { table } from './table.ts'

/*
 * Redis is killed, stopped or black-holed while an application reads through it: no error may reach a reader, cold
 * reads cost the load and little more, and when Redis is back everything is as before and no removal was lost.
 */

export type OutageOrder = 'measure' | 'recover' | 'audit'

export interface OutageReport {
  readonly cold50: number
  readonly cold99: number
  readonly hot50: number
  readonly hot99: number
  readonly errors: number
  readonly mostLoads: number
  readonly heapMb: number
  /** Ms until Redis was used again. */
  readonly recoveredMs: number
  readonly lost: number
}

interface Outage {
  readonly name: string
  begin(server: RedisServer, proxy: FaultProxy): Promise<void> | void
  end(server: RedisServer, proxy: FaultProxy): Promise<void> | void
}

const outages: readonly Outage[] = [
  { name: 'killed', begin: (server) => server.kill(), end: (server) => server.restart() },
  { name: 'stopped', begin: (server) => server.pause(), end: (server) => server.resume() },
  { name: 'black hole', begin: (_, proxy) => proxy.blackHole(), end: (_, proxy) => proxy.heal() },
]

const seconds = Number(process.argv[2] ?? 6)
const loadMs = 5
const allowed = { coldMs: loadMs + 100, recoveryMs: 2_000, loads: 64 }
const program = fileURLToPath(new URL('outage-worker.ts', import.meta.url))

async function ask(worker: ChildProcess, order: OutageOrder): Promise<OutageReport> {
  worker.send(order)
  const [report] = (await once(worker, 'message')) as [OutageReport]
  return report
}

async function run(outage: Outage): Promise<{ row: (string | number)[]; broken: string[] }> {
  const server = await startRedis()
  const proxy = await FaultProxy.start(server.port)
  const worker = fork(program, [`redis://127.0.0.1:${proxy.port}`, server.url, '400', String(loadMs)], {
    execArgv: [...process.execArgv, '--expose-gc'],
  })
  try {
    await once(worker, 'message')
    await sleep(1_500)
    await ask(worker, 'measure')
    await sleep(2_000)
    const before = await ask(worker, 'measure')
    await outage.begin(server, proxy)
    await sleep(seconds * 1_000)
    const during = await ask(worker, 'measure')
    await outage.end(server, proxy)
    const { recoveredMs } = await ask(worker, 'recover')
    await sleep(1_000)
    const after = await ask(worker, 'measure')
    const { lost } = await ask(worker, 'audit')
    const errors = before.errors + during.errors + after.errors
    const broken = [
      errors > 0 ? `${errors} errors or old rows reached readers` : '',
      during.cold99 > allowed.coldMs ? `cold p99 of ${during.cold99.toFixed(0)} ms` : '',
      during.mostLoads > allowed.loads ? `${during.mostLoads} loads at once` : '',
      recoveredMs > allowed.recoveryMs ? `${recoveredMs.toFixed(0)} ms to recover` : '',
      lost > 0 ? `${lost} removals lost` : '',
    ].filter((text) => text !== '')
    const ms = (before: number, during: number) => `${before.toFixed(2)} → ${during.toFixed(2)}`
    return {
      broken,
      row: [
        outage.name,
        errors,
        ms(before.cold50, during.cold50),
        ms(before.cold99, during.cold99),
        ms(before.hot50, during.hot50),
        ms(before.hot99, during.hot99),
        during.mostLoads,
        `${before.heapMb.toFixed(1)} → ${after.heapMb.toFixed(1)}`,
        `${(recoveredMs / 1_000).toFixed(2)} s`,
        lost,
      ],
    }
  } finally {
    worker.disconnect()
    await proxy.stop()
    await server.stop()
  }
}

const head = [
  'Redis',
  'errors',
  'cold p50 ms',
  'cold p99 ms',
  'hot p50 ms',
  'hot p99 ms',
  'loads at once',
  'heap MB',
  'normal after',
  'lost',
]
const rows: (string | number)[][] = []
for (const outage of outages) {
  const { row, broken } = await run(outage)
  rows.push(row)
  if (broken.length > 0) process.exitCode = 1
  for (const what of broken) console.log(`${outage.name}: ${what}`)
}
console.log(
  `400 reads/s, three of four cold, a loader of ${loadMs} ms, ${seconds} s without Redis; before → during`,
)
console.log(table(head, rows))
