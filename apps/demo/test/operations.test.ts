import { expect, onTestFinished, test } from 'vitest'
import { followChanges } from '../src/feed.ts'
import { ask, serveDemo } from './parts.ts'

test(
  '/metrics tells Prometheus who answered, and the admin endpoint whoever has the token',
  { timeout: 60_000 },
  async () => {
    const adminToken = 'a token of the test'
    const { url, close } = await serveDemo({ adminToken })
    onTestFinished(close)
    for (let i = 0; i < 3; i++) await ask(`${url}/cities/1`)
    const page = await (await fetch(`${url}/metrics`)).text()
    expect(page).toMatch(/^cache_misses_total\{.*cache_definition="city.byId".*\} 1$/m)
    const hits = /^cache_hits_total\{.*"city.byId",cache_tier="memory",cache_state="fresh".*\} 2$/m
    expect(page).toMatch(hits)

    const headers = { authorization: `Bearer ${adminToken}` }
    const explained = await ask(`${url}/-/cache/explain?definition=city.byId&input=1`, { headers })
    expect(explained).toMatchObject({
      status: 200,
      body: { steps: [{ tier: 'memory', outcome: 'hit' }, {}] },
    })
    expect((await ask(`${url}/-/cache/stats`)).status).toBe(401)
  },
)

test('/metrics tells how far the change feed is behind, once it follows', { timeout: 60_000 }, async () => {
  const { application, url, close } = await serveDemo()
  onTestFinished(close)
  const lag = async (): Promise<string | undefined> =>
    /^cache_feed_lag\{.*cache_feed="cities".*\} (\S+)$/m.exec(
      await (await fetch(`${url}/metrics`)).text(),
    )?.[1]
  expect(await lag()).toBe('NaN')
  const feed = await followChanges(application)
  expect(Number(await lag())).toBeLessThan(60)
  await feed.close()
})
