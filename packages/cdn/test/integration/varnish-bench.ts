// Figures on a real Varnish: `pnpm --filter @tierstack/cache-cdn varnish-bench`. Beside each, what the same costs a client
// of raw requests in the same process: the floor that Varnish, the application and the machine set.
import { Agent, createServer, request } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startVarnish } from '@tierstack/test-services'
import type { VarnishServer } from '@tierstack/test-services'
import { sqliteQueue, varnish, varnishVcl } from '../../src/index.ts'
import { Planner } from '../../src/planner.ts'
import { facts, headersOf, providers, read } from '../rig.ts'
import { startSite, token } from './site.ts'
import type { Site } from './site.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const at = (times: readonly number[], share: number) => {
  const sorted = times.toSorted((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number).toFixed(2)
}
const shown = (times: readonly number[]) => `p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms`

const agent = new Agent({ keepAlive: true, maxSockets: 50 })

/** By hand and without a promise per step: what the client throws away is collected in the same process. */
function ask(
  url: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<{ text: string; purged: string }> {
  return new Promise((resolve, reject) => {
    request(url, { method, agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ text, purged: String(response.headers['x-purged']) }))
      response.on('error', reject)
    })
      .on('error', reject)
      .end()
  })
}

const purgeOf = (names: readonly string[]) => ({ 'x-purge-token': token, 'xkey-purge': names.join(' ') })

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

const warm = 300
const counted = 1_000

/** A write followed by a fresh read, with the durable queue in between. */
async function writes(site: Site, url: string): Promise<void> {
  const [fresh, raw]: [number[], number[]] = [[], []]
  let old = 0
  for (let i = 0; i < warm + counted; i++) {
    await ask(`${url}/rows/1`)
    const ms = await timed(async () => {
      await site.write(1)
      const { text } = await ask(`${url}/rows/1`)
      if (text !== `[${site.rows.get(1)}]`) old++
    })
    const floor = await timed(async () => {
      await ask(url, 'PURGE', purgeOf([site.edge.tagFor('row:1')]))
      await ask(`${url}/rows/1`)
    })
    if (i < warm) continue
    fresh.push(ms)
    raw.push(floor)
  }
  say(`write, purge, fresh read: ${shown(fresh)}, ${old} old of ${counted}`)
  say(`the same by raw requests, without write and queue: ${shown(raw)}`)
}

async function manyTags(site: Site, url: string): Promise<void> {
  for (let round = 0; round < 6; round++) {
    const tags = Array.from({ length: 10_000 }, (_, i) => `r${round}:${i}`)
    let confirmed: readonly string[] = []
    const ms = await timed(async () => ({ confirmed } = await site.cache.invalidateTags(tags)))
    const names = tags.map((tag) => site.edge.tagFor(tag))
    const calls = Array.from({ length: 25 }, (_, i) => purgeOf(names.slice(i * 400, i * 400 + 400)))
    const floor = await timed(() => Promise.all(calls.map((headers) => ask(url, 'PURGE', headers))))
    say(
      `10,000 tags purged, durable queue: ${ms.toFixed(1)} ms, ${JSON.stringify(confirmed)}; 25 raw calls: ${floor.toFixed(1)} ms`,
    )
  }
}

const folder = mkdtempSync(join(tmpdir(), 'tierstack-bench-'))
let server: VarnishServer | undefined
{
  await using site = await startSite(() => ({
    provider: varnish({ url: server?.url ?? '', token }),
    queue: sqliteQueue({ path: join(folder, 'purges.db') }),
    inFlight: 0,
    wait: '5s',
  }))
  const vcl = varnishVcl({ backend: { host: '127.0.0.1', port: site.port }, token })
  await using started = await startVarnish({ vcl })
  server = started
  await writes(site, started.url)
  await manyTags(site, started.url)
}
rmSync(folder, { recursive: true, force: true })

// One tag that covers 10,000 objects.
{
  const backend = createServer((asked, response) => {
    response
      .writeHead(200, { 'cache-control': 's-maxage=600', xkey: `~all ~own${asked.url?.slice(1)}` })
      .end('x')
  })
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  const { port } = backend.address() as { port: number }
  const vcl = varnishVcl({ backend: { host: '127.0.0.1', port }, token })
  await using started = await startVarnish({ vcl })
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 10_000; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => ask(`${started.url}/${i + j}`)))
    }
    let purged = ''
    const ms = await timed(async () => ({ purged } = await ask(started.url, 'PURGE', purgeOf(['~all']))))
    say(`one tag, ${purged} objects: ${ms.toFixed(2)} ms`)
  }
  agent.destroy()
  backend.closeAllConnections()
  backend.close()
}

// Headers of a response with ten tags.
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
