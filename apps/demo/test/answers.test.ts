import { expect, test } from 'vitest'
import { ask, sharedDemo } from './parts.ts'

const demo = sharedDemo()

test('a search is by the beginning of the name, largest first, whatever the case', async () => {
  const { url } = demo()
  const names = async (prefix: string): Promise<string[]> =>
    (await ask(`${url}/cities?name=${encodeURIComponent(prefix)}`)).body.map(
      (city: { name: string }) => city.name,
    )
  expect(await names('PAR')).toEqual(['Paris', 'Parma'])
  expect(await names(' cré')).toEqual(['Créteil'])
  expect(await names('100% ')).toEqual(['100% Town'])
  expect(await names('%')).toEqual([])
  expect(await names('_aris')).toEqual([])
  expect(await names('\\')).toEqual([])
})

test('the nearest cities are nearest on the globe, also across the date line', async () => {
  const { url } = demo()
  const { body } = await ask(`${url}/near?lat=-15&lon=179`)
  expect(body.slice(0, 2).map((city: { name: string }) => city.name)).toEqual(['Suva', 'Apia'])
  expect(body[0].km).toBeCloseTo(354.3, 0)
})

test('statistics add up the cities of the country', async () => {
  const { url } = demo()
  const { body } = await ask(`${url}/countries/fr/stats`)
  expect(body).toMatchObject({
    country: 'FR',
    cities: 4,
    population: 3_490_512,
    mean: 872_628,
    median: 633_564,
  })
  expect(body.regions[0]).toEqual({ region: '11', cities: 2, population: 2_223_384 })
  expect(body.gini).toBeCloseTo(0.4644, 3)
  expect((await ask(`${url}/countries/XX/stats`)).status).toBe(404)
})

test('the top cities are those most often asked for', async () => {
  const { url } = demo()
  const { body } = await ask(`${url}/top`)
  expect(body).toHaveLength(8)
  expect(body[0]).toMatchObject({ id: 1, name: 'Paris', reads: 8_000 })
})

test('statistics and health tell what the cache and the database do', async () => {
  const { url } = demo()
  const before = (await ask(`${url}/stats`)).body
  await ask(`${url}/cities/1`)
  await ask(`${url}/cities/1`)
  const after = (await ask(`${url}/stats`)).body
  const counted = (stats: typeof after) => stats.definitions['city.byId']
  expect(counted(after).hits.memory - counted(before).hits.memory).toBe(1)
  expect(counted(after).misses - counted(before).misses).toBe(1)
  expect(after.database.read - before.database.read).toBe(1)
  const health = await ask(`${url}/health`)
  expect(health).toMatchObject({ status: 200, body: { database: 'up', tiers: { sqlite: { state: 'up' } } } })
})

test('the page at the root links to examples that work', async () => {
  const { url } = demo()
  const page = await (await fetch(url)).text()
  const paths = [...page.matchAll(/href="([^"]+)"/g)].map((match) => match[1]!.replaceAll('&amp;', '&'))
  expect(paths.length).toBeGreaterThan(5)
  for (const path of paths) expect([200, 404]).toContain((await fetch(url + path)).status)
})
