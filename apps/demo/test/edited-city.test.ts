import { expect, test } from 'vitest'
import { ask, patch, sharedDemo } from './parts.ts'

const demo = sharedDemo()

test('a city is read from the database once, then from memory', async () => {
  const { application, url } = demo()
  const first = await ask(`${url}/cities/1`)
  expect(first).toMatchObject({ status: 200, body: { name: 'Paris', country: 'FR' }, by: 'database' })
  const before = application.database.ledger.counts().read
  expect(await ask(`${url}/cities/1`)).toEqual({ ...first, by: 'memory' })
  expect(application.database.ledger.counts().read).toBe(before)
})

test('the next read after an edit shows it: the city, searches, its country, its neighbourhood', async () => {
  const { url } = demo()
  const reads = [
    '/cities/3',
    '/cities?name=ly',
    '/cities?name=lug',
    '/countries/FR/stats',
    '/near?lat=45.75&lon=4.85',
  ]
  for (const path of reads) await ask(url + path)
  for (const path of reads) expect((await ask(url + path)).by).toBe('memory')

  const edited = await patch(`${url}/cities/3`, { name: 'Lugdunum', population: 900_000 })
  expect(edited).toMatchObject({ status: 200, body: { city: { name: 'Lugdunum', population: 900_000 } } })
  expect(edited.body.receipt).toMatchObject({ queued: [] })

  expect((await ask(`${url}/cities/3`)).body).toMatchObject({ name: 'Lugdunum', population: 900_000 })
  expect((await ask(`${url}/cities?name=ly`)).body).toEqual([])
  expect((await ask(`${url}/cities?name=lug`)).body).toMatchObject([{ id: 3 }])
  expect(
    (await ask(`${url}/countries/FR/stats`)).body.largest.map((city: { id: number }) => city.id),
  ).toEqual([1, 3, 2, 4])
  expect((await ask(`${url}/near?lat=45.75&lon=4.85`)).body[0]).toMatchObject({ id: 3, name: 'Lugdunum' })
})

test('an edit leaves what does not show the city in the cache', async () => {
  const { url } = demo()
  const others = ['/cities/5', '/cities?name=par', '/countries/IT/stats']
  for (const path of others) await ask(url + path)
  await patch(`${url}/cities/3`, { population: 1 })
  for (const path of others) expect((await ask(url + path)).by).toBe('memory')
})

test('a city that appears nowhere yet is found by searches for its new name', async () => {
  const { url } = demo()
  expect((await ask(`${url}/cities?name=zzyzx`)).body).toEqual([])
  await patch(`${url}/cities/8`, { name: 'Zzyzx Road' })
  expect((await ask(`${url}/cities?name=zzyzx`)).body).toMatchObject([{ id: 8, name: 'Zzyzx Road' }])
})

test('an unknown city is remembered as unknown', async () => {
  const { application, url } = demo()
  expect(await ask(`${url}/cities/999`)).toMatchObject({
    status: 404,
    body: { error: 'There is no city 999.' },
  })
  const before = application.database.ledger.counts().read
  expect(await ask(`${url}/cities/999`)).toMatchObject({ status: 404, by: 'memory' })
  expect(application.database.ledger.counts().read).toBe(before)
  expect((await patch(`${url}/cities/999`, { population: 5 })).status).toBe(404)
})

test('what memory dropped is served by the second tier', async () => {
  const { application, url } = demo()
  await ask(`${url}/cities/2`)
  await application.caching.cache.drain()
  const [memory] = application.tiers.tiers
  memory.clear()
  expect(await ask(`${url}/cities/2`)).toMatchObject({ body: { name: 'Marseille' }, by: 'sqlite' })
  expect((await ask(`${url}/cities/2`)).by).toBe('memory')
})
