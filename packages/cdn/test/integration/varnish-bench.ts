// Figures on a real Varnish: `pnpm --filter @tierstack/cache-cdn varnish-bench [rounds]`. As in production, the
// application with its cache and its queue of purges is one process, Varnish another, and the reader a third. Beside
// each figure, what raw requests without our queue cost: the floor that Varnish and the machine set.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startVarnish } from '@tierstack/test-services'
import { varnishVcl } from '../../src/index.ts'
import { Planner } from '../../src/planner.ts'
import { facts, headersOf, providers, read } from '../rig.ts'
import { plainClient } from './plain-client.ts'
import type { PlainClient } from './plain-client.ts'
import { token } from './site.ts'

const rounds = Number(process.argv[2] ?? 2_000)
/** V8 goes on compiling for some thousands of rounds, on threads that take the cores from those who are measured. */
const warm = 3_000

const say = (line: string) => process.stdout.write(`${line}\n`)

function shown(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number
  return `p50 ${at(0.5).toFixed(2)} ms, p99 ${at(0.99).toFixed(2)} ms, max ${at(1).toFixed(2)} ms`
}

const purgeOf = (names: readonly string[]) => ({ 'x-purge-token': token, 'xkey-purge': names.join(' ') })

/** What the machine itself does to anything that takes this long: a loop that only looks at the clock. */
function spins(ms: number, count: number): readonly number[] {
  return Array.from({ length: count }, () => {
    const began = performance.now()
    while (performance.now() - began < ms) continue
    return performance.now() - began
  })
}

/** Time in which the host ran others than this virtual machine, ms of all cores; 0 where nobody tells. */
function stolen(): number {
  if (process.platform !== 'linux') return 0
  return Number(/^cpu +(?:\d+ ){7}(\d+)/.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0) * 10
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** The times of each step, in every round. */
class Rounds {
  readonly #times = new Map<string, number[]>()

  add(step: string, ms: number): void {
    const known = this.#times.get(step)
    if (known === undefined) this.#times.set(step, [ms])
    else known.push(ms)
  }

  say(step: string, note = ''): void {
    say(`${step}: ${shown(this.#times.get(step) ?? [])}${note}`)
  }

  usual(step: string): number {
    return this.#times.get(step)?.toSorted((a, b) => a - b)[rounds >> 1] as number
  }
}

const fresh = 'write in the application, then a fresh read'
const ordered = 'the same with the request that orders the write'
const receipt = 'of that the write, until its receipt'
const raw = 'PURGE and read by raw requests, without write and queue'
const hit = 'a hit at Varnish'
const nothing = 'a request to the application that does nothing'

/** A write that the application acknowledges, followed by a read through Varnish, which must show it. */
async function writes(orders: PlainClient, reader: PlainClient, tag: string): Promise<void> {
  const times = new Rounds()
  let old = 0
  const [began, lost] = [performance.now(), stolen()]
  for (let i = 0; i < warm + rounds; i++) {
    const add = (step: string, ms: number) => i >= warm && times.add(step, ms)
    await reader.ask('GET', '/rows/1')
    add(hit, await timed(() => reader.ask('GET', '/rows/1')))
    add(nothing, await timed(() => orders.ask('POST', '/nothing')))
    const sent = performance.now()
    const written = await orders.ask('POST', '/write')
    const between = performance.now()
    const page = await reader.ask('GET', '/rows/1')
    const ended = performance.now()
    const [version, confirmed, took] = written.body.split(' ')
    if (confirmed !== 'edge' && !confirmed?.endsWith(',edge')) throw new Error(`Unconfirmed: ${written.body}`)
    if (page.body !== `[${version}]`) old++
    add(ordered, ended - sent)
    add(receipt, Number(took))
    add(fresh, Number(took) + ended - between)
    const purging = async () => {
      await reader.ask('PURGE', '/', purgeOf([tag]))
      await reader.ask('GET', '/rows/1')
    }
    add(raw, await timed(purging))
  }
  times.say(fresh, `, ${old} old of ${rounds}`)
  times.say(ordered)
  times.say(receipt)
  times.say(raw)
  times.say(hit)
  times.say(nothing)
  const share = (stolen() - lost) / (performance.now() - began) / availableParallelism()
  say(`the host ran others meanwhile: ${(share * 100).toFixed(1)} % of the time`)
  const usual = times.usual(fresh)
  say(`a loop that does nothing for ${usual.toFixed(2)} ms, alone: ${shown(spins(usual, rounds))}`)
}

async function manyTags(orders: PlainClient, reader: PlainClient, count: number): Promise<void> {
  const [ours, raw]: [number[], number[]] = [[], []]
  for (let round = 0; round < count; round++) {
    const [ms, confirmed] = (await orders.ask('POST', `/tags?round=${round}`)).body.split(' ')
    if (!confirmed?.endsWith('edge')) throw new Error(`Unconfirmed: ${confirmed}`)
    ours.push(Number(ms))
    const began = performance.now()
    for (let i = 0; i < 25; i++) {
      await reader.ask('PURGE', '/', purgeOf(Array.from({ length: 400 }, (_, j) => `raw${round}-${i}-${j}`)))
    }
    raw.push(performance.now() - began)
  }
  say(`10,000 tags purged, durable queue, ${count} rounds: ${shown(ours)}`)
  say(`10,000 names in 25 raw calls, one after the other: ${shown(raw)}`)
}

/** The application, Varnish and the reader. */
async function throughTheSite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tierstack-bench-'))
  const site = fork(new URL('varnish-site.ts', import.meta.url), [join(folder, 'purges.db')], {
    execArgv: ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning'],
  })
  const [{ port, orders: ordersPort }] = (await once(site, 'message')) as [{ port: number; orders: number }]
  {
    const vcl = varnishVcl({ backend: { host: '127.0.0.1', port }, token })
    await using started = await startVarnish({ vcl })
    const orders = await plainClient(ordersPort)
    const reader = await plainClient(started.port)
    const tag = (await orders.ask('POST', `/begin?varnish=${started.url}`)).body
    await writes(orders, reader, tag)
    await manyTags(orders, reader, 24)
    orders.close()
    reader.close()
  }
  site.disconnect()
  await once(site, 'exit')
  rmSync(folder, { recursive: true, force: true })
}

/** One tag that covers 10,000 objects. */
async function oneTag(count: number): Promise<void> {
  const backend = createServer((asked, response) => {
    const own = asked.url?.slice(1)
    const tags = own === '-/ready' ? '~ready' : `~all ~own${own}`
    response.writeHead(200, { 'cache-control': 's-maxage=600', xkey: tags }).end('x')
  })
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  {
    const { port } = backend.address() as AddressInfo
    const vcl = varnishVcl({ backend: { host: '127.0.0.1', port }, token })
    await using started = await startVarnish({ vcl })
    const readers = await Promise.all(Array.from({ length: 16 }, () => plainClient(started.port)))
    const times: number[] = []
    for (let round = 0; round < count; round++) {
      await Promise.all(
        readers.map(async (reader, first) => {
          for (let i = first; i < 10_000; i += readers.length) await reader.ask('GET', `/${i}`)
        }),
      )
      const began = performance.now()
      const { head } = await (readers[0] as PlainClient).ask('PURGE', '/', purgeOf(['~all']))
      times.push(performance.now() - began)
      if (!/x-purged: 10000\r?$/im.test(head)) throw new Error(`Expected 10,000 objects: ${head}`)
    }
    for (const reader of readers) reader.close()
    say(`one tag of 10,000 objects purged, ${count} rounds: ${shown(times)}`)
  }
  backend.closeAllConnections()
  backend.close()
}

/** Headers of a response with ten tags. */
function plans(): void {
  const reads = Array.from({ length: 5 }, (_, id) =>
    read({ key: `#user@1:n${id}`, tags: ['!d#user@1', `user:${id}`] }),
  )
  for (const provider of providers().filter(({ name }) => name !== 'nginx')) {
    const planner = new Planner({
      contract: provider.contract,
      maxTtl: 3_600_000,
      negativeTtl: 60_000,
      inFlight: 2_000,
      cap: () => Number.POSITIVE_INFINITY,
      hideCacheStatus: false,
    })
    const given = facts({ reads, asked: headersOf(), answered: headersOf() })
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 20; round++) {
      const began = process.cpuUsage()
      for (let i = 0; i < 10_000; i++) planner.plan(given)
      const { user, system } = process.cpuUsage(began)
      best = Math.min(best, (user + system) / 10_000)
    }
    say(`plan of ten tags for ${provider.name}: ${best.toFixed(2)} µs of CPU (best of 20 rounds)`)
  }
}

await throughTheSite()
await oneTag(12)
plans()
