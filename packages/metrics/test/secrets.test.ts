import { inspect } from 'node:util'
import { context } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { encrypt, json, keyRing } from '@tierstack/cache-serializers'
import { admin } from '../src/admin.ts'
import { advisor, logEvents, measure, shadow, trace } from '../src/index.ts'
import { livePage } from '../src/page.ts'
import { metricsPage } from '../src/prometheus.ts'
import { node } from './rig.ts'
import { spansInMemory } from './spans.ts'

const value = 'hunter2-of-Ada-Lovelace'
const key = 'ada@lovelace.example'
const secret = Buffer.from('planted-key-material-32-bytes!!!')
const token = 'planted token of the endpoint'

afterEach(() => context.disable())

test('neither values, keys nor secrets are in what traces, logs, metrics, advice and endpoints tell of trouble', async () => {
  await using own = node({
    ttl: '1m',
    swr: '1m',
    codec: json(),
    encryption: encrypt({ keys: keyRing([{ id: 'k', secret }]) }),
  })
  const { cache, tier } = own
  const said: string[] = []
  const say = (...words: unknown[]) => said.push(inspect(words, { depth: 12, showHidden: true }))
  const { tracerProvider, inSpan, take } = spansInMemory()
  const page = metricsPage()
  const stops = [
    measure(cache, { meterProvider: page.meterProvider }),
    trace(cache, { tracerProvider }),
    logEvents(cache, { debug: say, info: say, warn: say, error: say }),
  ]
  const advised = advisor(cache)
  const inner = admin(cache, { token, advisor: advised, hideKeys: true })
  const live = livePage(cache, { token, prefix: '/live', hideKeys: true })
  const ask = async (path: string, presented = token) => {
    const { fetch } = path.startsWith('/live') ? live : inner
    const headers = { authorization: `Bearer ${presented}` }
    const response = await fetch(new Request(`http://inner${path}`, { headers }))
    const reader = response.body?.getReader()
    // A stream goes on until nobody reads it.
    const first = await reader?.read()
    await reader?.cancel()
    // Who asks for a key is told that key.
    say(
      [...response.headers],
      Buffer.from(first?.value ?? [])
        .toString()
        .replaceAll(`"=${key}"`, ''),
    )
    return response.status
  }
  let fails = false
  const compared = cache.define({
    name: 'person',
    sensitive: true,
    load: (mail: string) =>
      // Its own words are the application's affair.
      fails ? Promise.reject(new Error('the source is away')) : Promise.resolve({ mail, name: value }),
    tags: (_, mail) => [`person:${mail}`],
  })
  const person = shadow(cache, compared, { share: 1, meterProvider: page.meterProvider })
  const attempt = async (work: () => Promise<unknown>) => {
    let over = false
    const ended = inSpan('request', work)
      .catch((error: unknown) => say(error))
      .finally(() => (over = true))
    // What is dropped ends at its deadline.
    while (!over) await own.clock.advance(50)
    await ended
  }
  const round = async () => {
    await attempt(() => person(key))
    await attempt(() => person(key, { skip: ['memory'] }))
    await attempt(() => person.many([key, `${key}.au`]))
    await attempt(() => cache.getOrSet(key, () => value, { tags: [key] }))
    await attempt(() => cache.set(key, { name: value, call: () => value }))
    await attempt(() => cache.drain())
  }
  await round()
  for (const plan of [{ read: 'corrupt' }, { lease: 'corrupt' }, { fill: 'drop' }] as const) {
    tier.plan = plan
    await attempt(() => person.delete(key))
    await round()
  }
  tier.plan = {}
  fails = true
  await attempt(() => person.delete(key))
  await round()
  for (const path of [
    '/stats',
    '/top',
    '/advice',
    '/live/api/stats',
    '/live/api/flow',
    '/live/api/definitions',
  ])
    expect(await ask(path)).toBe(200)
  for (const path of [`/explain?raw=${key}`, `/entry?raw=${key}`]) await ask(path)
  expect(await ask('/stats', 'another token, of the same size')).toBe(401)
  await attempt(() => cache.invalidateTags(`person:${key}`))
  own.store.down()
  await attempt(() => person.delete(key))
  await round()
  say(take(), await page.text(), await advised.advice(), person.shadow())
  for (const stop of stops) stop()
  live.stop()
  await page.close()
  const all = said.join('\n')
  for (const kind of ['poisoned', 'cache.get person', 'cache_hits_total', 'the source is away'])
    expect(all).toContain(kind)
  const spellings = [secret.toString(), secret.toString('hex'), secret.toString('base64')]
  for (const planted of [value, key, token, ...spellings]) {
    const at = all.indexOf(planted)
    expect(at < 0 ? '' : all.slice(Math.max(0, at - 300), at + 60)).toBe('')
  }
})
