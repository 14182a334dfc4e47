import { expect, onTestFinished, test } from 'vitest'
import { ask, serveDemo } from './parts.ts'

test('/metrics tells who answered, for Prometheus', async () => {
  const { url, close } = await serveDemo()
  onTestFinished(close)
  for (let i = 0; i < 3; i++) await ask(`${url}/cities/1`)
  const page = await (await fetch(`${url}/metrics`)).text()
  expect(page).toMatch(/^cache_misses_total\{.*cache_definition="city.byId".*\} 1$/m)
  expect(page).toMatch(
    /^cache_hits_total\{.*cache_definition="city.byId",cache_tier="memory",cache_state="fresh".*\} 2$/m,
  )
})

test('the admin endpoint answers whoever has the token, and is off without one', async () => {
  const adminToken = 'a token of the test'
  const on = await serveDemo({ adminToken })
  onTestFinished(on.close)
  const headers = { authorization: `Bearer ${adminToken}` }
  await ask(`${on.url}/cities/1`)
  expect(await ask(`${on.url}/-/cache/explain?definition=city.byId&input=1`, { headers })).toMatchObject({
    status: 200,
    body: { steps: [{ tier: 'memory', outcome: 'hit' }, {}] },
  })
  expect((await ask(`${on.url}/-/cache/stats`)).status).toBe(401)
  const off = await serveDemo()
  onTestFinished(off.close)
  expect((await ask(`${off.url}/-/cache/stats`, { headers })).status).toBe(404)
})
