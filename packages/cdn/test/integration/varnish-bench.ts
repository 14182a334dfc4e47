// Figures on a real Varnish: `pnpm --filter @tierstack/cache-cdn varnish-bench`.
import { createServer } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startVarnish } from '@tierstack/test-services'
import type { VarnishServer } from '@tierstack/test-services'
import { sqliteQueue, varnish, varnishVcl } from '../../src/index.ts'
import { Planner } from '../../src/planner.ts'
import { facts, headersOf, providers, read } from '../rig.ts'
import { get, startSite, token } from './site.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const at = (sorted: readonly number[], share: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number).toFixed(2)

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

  // A write followed by a fresh read, with the durable queue in between.
  const fresh: number[] = []
  let old = 0
  for (let i = 0; i < 400; i++) {
    await get(`${server.url}/rows/1`)
    const began = performance.now()
    await site.write(1)
    const { rows } = await get(`${server.url}/rows/1`)
    if (i >= 50) fresh.push(performance.now() - began)
    if (rows[0] !== site.rows.get(1)) old++
  }
  fresh.sort((a, b) => a - b)
  say(
    `write, purge, fresh read: p50 ${at(fresh, 0.5)} ms, p99 ${at(fresh, 0.99)} ms, ${old} old of ${fresh.length}`,
  )

  for (let round = 0; round < 5; round++) {
    const tags = Array.from({ length: 10_000 }, (_, i) => `r${round}:${i}`)
    const began = performance.now()
    const receipt = await site.cache.invalidateTags(tags)
    const ms = performance.now() - began
    say(`10,000 tags purged, durable queue: ${ms.toFixed(1)} ms, ${JSON.stringify(receipt.confirmed)}`)
  }
}
rmSync(folder, { recursive: true, force: true })

// One tag that covers 10,000 objects.
{
  const backend = createServer((request, response) => {
    response
      .writeHead(200, { 'cache-control': 's-maxage=600', xkey: `~all ~own${request.url?.slice(1)}` })
      .end('x')
  })
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  const { port } = backend.address() as { port: number }
  await using started = await startVarnish({
    vcl: varnishVcl({ backend: { host: '127.0.0.1', port }, token }),
  })
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 10_000; i += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, j) => await (await fetch(`${started.url}/${i + j}`)).text()),
      )
    }
    const began = performance.now()
    const response = await fetch(started.url, {
      method: 'PURGE',
      headers: { 'x-purge-token': token, 'xkey-purge': '~all' },
    })
    await response.text()
    say(`one tag, ${response.headers.get('x-purged')} objects: ${(performance.now() - began).toFixed(2)} ms`)
  }
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
