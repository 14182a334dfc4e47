import { expect, test } from 'vitest'
import { startWarming } from '../src/warming.ts'
import { ask, sharedDemo } from './parts.ts'

const demo = sharedDemo()

test('the cities that the access log has are warm before anybody asks', async () => {
  const { application, url } = demo()
  await application.queries.logAccesses([1, 1, 3])
  expect(await application.queries.hotCities(24, 1_000)).toContain(3)
  const said: string[] = []
  const stop = startWarming(application, (text) => said.push(text))
  await expect.poll(() => said).toHaveLength(1)
  stop()
  expect(said[0]).toMatch(/^Warm with cities asked for lately: \d+ loaded, \d+ fresh/)
  expect((await ask(`${url}/cities/3`)).by).toBe('memory')
})
