import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createCache } from '@tierstack/cache-core'
import type { AuditRecord, CacheOptions } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { logEvents, measure } from '@tierstack/cache-metrics'
import { admin } from '@tierstack/cache-metrics/admin'
import { metricsPage } from '@tierstack/cache-metrics/prometheus'
import { expect, test } from 'vitest'
import { tierstack } from './rig.ts'

const value = 'hunter2-of-Ada-Lovelace'
const identifier = 'ada-4711'
const token = 'a-token-for-tests-only'
const keyHash: NonNullable<CacheOptions['keyHash']> = {
  hash: (text) => createHash('sha256').update(text).digest('hex'),
}

/** Everything that operators are shown of a cache which did what caches do, with trouble in it. */
async function shown(options: Pick<CacheOptions, 'keyHash'>): Promise<string> {
  const said: unknown[] = []
  const records: AuditRecord[] = []
  const cache = createCache({
    namespace: 'shop',
    ttl: '1m',
    tiers: [memory({ maxEntries: 2 })],
    audit: { sink: async (some) => void records.push(...some), who: () => 'the clerk' },
    ...options,
  })
  let failing = false
  const person = cache.define({
    name: 'person',
    audit: true,
    load: (id: string) => {
      if (failing) throw new Error('the source is away')
      return { id, secret: value }
    },
    tags: (_, id) => [`person:${id}`],
  })
  const say = (fields: object, message: string) => void said.push(fields, message)
  logEvents(cache, { debug: say, info: say, warn: say, error: say })
  const page = metricsPage()
  measure(cache, { meterProvider: page.meterProvider })
  const operator = admin(cache, { token, prefix: '/-/cache' })
  const server = createServer((request, response) => operator.answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/-/cache`
  const ask = async (...words: string[]) =>
    said.push(await tierstack([...words, '--app', url, '--token', token]))
  for (const id of [identifier, `${identifier}-b`, `${identifier}-c`, identifier]) await person(id)
  failing = true
  await person(`${identifier}-d`).catch(() => {})
  await person.delete(identifier)
  await cache.erase(`person:${identifier}`)
  failing = false
  await person(identifier)
  await ask('stats')
  await ask('top', '--once')
  for (const route of ['stats', 'advice', 'top?seconds=0.1', '', 'nowhere', 'entry?key=x']) {
    const response = await fetch(`${url}/${route}`, { headers: { authorization: `Bearer ${token}` } })
    said.push(await response.text())
  }
  said.push(await page.text(), records, cache.stats(), await cache.health())
  await page.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await cache.close()
  return inspect(said, { depth: 12, showHidden: true, maxArrayLength: 1_000, maxStringLength: 100_000 })
}

test('metrics, logs, audit, the admin endpoint and the command line show no value', async () => {
  const all = await shown({})
  expect(all).toContain('cache_loads')
  expect(all).toContain("action: 'erase'")
  expect(all).toContain('the source is away')
  expect(all).not.toContain(value)
  expect(all).not.toContain(token)
})

test('with hashed keys they show no identifier either', async () => {
  const all = await shown({ keyHash })
  expect(all).toContain('person')
  expect(all).not.toContain(identifier)
})
