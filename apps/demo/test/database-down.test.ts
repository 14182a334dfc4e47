import { expect, onTestFinished, test } from 'vitest'
import { ask, patch, serveDemo } from './parts.ts'

test(
  'while the database is away, cached answers go on and the rest is 503 with one sentence',
  { timeout: 60_000 },
  async () => {
    const { application, url, close } = await serveDemo()
    onTestFinished(close)
    await ask(`${url}/cities/1`)
    await application.database.close()

    expect(await ask(`${url}/cities/1`)).toMatchObject({ status: 200, by: 'memory' })
    const missed = await ask(`${url}/cities/2`)
    expect(missed.status).toBe(503)
    expect(missed.body.error).toBe('The database could not run `city by id`: the embedded database has ended')
    expect((await patch(`${url}/cities/1`, { population: 5 })).status).toBe(503)
    expect(await ask(`${url}/health`)).toMatchObject({ status: 503, body: { database: 'down' } })
  },
)

test(
  'while the database is away, an answer past its time is served rather than none',
  { timeout: 60_000 },
  async () => {
    const { application, url, close } = await serveDemo()
    onTestFinished(close)
    await ask(`${url}/cities/1`)
    // What is expired on its way into a tier isn't kept there, nor here: nobody could tell it from what is old.
    await application.caching.cache.drain()
    await application.caching.cityById.expire(1)
    await application.database.close()
    expect(await ask(`${url}/cities/1`)).toMatchObject({ status: 200, body: { name: 'Paris' } })
  },
)
