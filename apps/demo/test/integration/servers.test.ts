import { startPostgres, startRedis, until } from '@tierstack/test-services'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { chooseTiers } from '../../src/tiers.ts'
import { ask, patch, serveDemo } from '../parts.ts'

// A server of its own: on a shared one, the few cities of the tests would stay behind.
let database: Awaited<ReturnType<typeof startPostgres>>
beforeAll(async () => {
  database = await startPostgres({})
})
afterAll(() => database.stop())

test('a real PostgreSQL and a real Redis serve the same answers', async () => {
  const { application, url, close } = await serveDemo({
    databaseUrl: database.url,
    tiers: () => chooseTiers({ REDIS_URL: inject('redisUrl') }),
  })
  onTestFinished(close)
  await application.caching.cache.clear()
  expect(application.database.title).toMatch(/^PostgreSQL \d+/)
  expect(await ask(`${url}/cities/1`)).toMatchObject({ status: 200, body: { name: 'Paris' }, by: 'database' })
  expect((await ask(`${url}/countries/FR/stats`)).body).toMatchObject({ cities: 4, population: 3_490_512 })
  expect((await ask(`${url}/near?lat=-15&lon=179`)).body[0]).toMatchObject({ name: 'Suva' })

  await application.caching.cache.drain()
  application.tiers.tiers[0].clear()
  expect(await ask(`${url}/cities/1`)).toMatchObject({ body: { name: 'Paris' }, by: 'redis' })

  await patch(`${url}/cities/1`, { population: 2_200_000 })
  expect((await ask(`${url}/cities/1`)).body).toMatchObject({ population: 2_200_000 })
  expect((await ask(`${url}/countries/FR/stats`)).body).toMatchObject({ population: 3_551_961 })
})

test('when Redis dies the service goes on, and edits still show', { timeout: 60_000 }, async () => {
  await using redis = await startRedis({})
  const { url, close } = await serveDemo({ tiers: () => chooseTiers({ REDIS_URL: redis.url }) })
  onTestFinished(close)
  await ask(`${url}/cities/1`)
  await redis.kill()

  expect(await ask(`${url}/cities/1`)).toMatchObject({ status: 200 })
  expect(await ask(`${url}/cities/2`)).toMatchObject({ status: 200, body: { name: 'Marseille' } })
  expect((await patch(`${url}/cities/1`, { population: 7 })).status).toBe(200)
  expect((await ask(`${url}/cities/1`)).body).toMatchObject({ population: 7 })
  expect((await ask(`${url}/health`)).body.tiers.redis.state).not.toBe('up')

  await redis.restart()
  await until(
    'Redis is trusted again',
    async () => (await ask(`${url}/health`)).body.tiers.redis.state === 'up',
  )
  expect((await ask(`${url}/cities/1`)).body).toMatchObject({ population: 7 })
})

test('when PostgreSQL dies, what is cached is served and the rest is 503', { timeout: 60_000 }, async () => {
  const { url, close } = await serveDemo({ databaseUrl: database.url })
  onTestFinished(close)
  await ask(`${url}/cities/1`)
  await database.kill()
  expect(await ask(`${url}/cities/1`)).toMatchObject({ status: 200, body: { name: 'Paris' } })
  expect((await ask(`${url}/cities/2`)).status).toBe(503)
  await database.restart()
  await until('the database answers', async () => (await ask(`${url}/cities/2`)).status === 200)
})

test('a server that can not be reached is one sentence', async () => {
  await expect(serveDemo({ databaseUrl: 'postgres://127.0.0.1:1/none' })).rejects.toThrow(
    /^The PostgreSQL of DATABASE_URL can not be used: /,
  )
})
