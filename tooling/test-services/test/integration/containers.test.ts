// The same servers in containers. Where no Docker engine runs (or has the images), there is nothing to
// test here: the run then uses the programs of this computer, which servers.test.ts covers.
import { Client } from 'pg'
import { expect, test } from 'vitest'

import { images } from '../../src/container-machine.ts'
import { freePort, makeCertificates } from '../../src/index.ts'
import { containerOf } from '../../src/place.ts'
import { startPostgresOn } from '../../src/postgres.ts'
import { startRedisOn } from '../../src/redis.ts'

const redisPort = await freePort()
const redisMachine = await containerOf(images.redis, [redisPort])
if (redisMachine === undefined) {
  test('without Docker, the shared Redis comes from elsewhere', () => {
    expect(process.env['TEST_REDIS_URL']).toMatch(/^rediss?:/)
  })
} else {
  test('a Redis in a container pauses, dies, restarts and speaks TLS', async () => {
    const place = { machine: redisMachine, program: 'redis-server' }
    await using redis = await startRedisOn(place, redisPort, { tls: makeCertificates() }, () =>
      redisMachine.stop(),
    )
    expect(await redis.command('PING')).toBe('+PONG')
    await redis.pause()
    const asked = redis.command('PING')
    await redis.resume()
    expect(await asked).toBe('+PONG')
    await redis.kill()
    await expect(redis.command('PING')).rejects.toThrow(/ECONN|closed|disconnected/)
    await redis.restart()
    expect(await redis.command('PING')).toBe('+PONG')
  })
}

const postgresPort = await freePort()
const postgresMachine = await containerOf(images.postgres, [postgresPort])
if (postgresMachine === undefined) {
  test('without Docker, the shared PostgreSQL comes from elsewhere', () => {
    expect(process.env['TEST_DATABASE_URL']).toMatch(/^postgres/)
  })
} else {
  test('a PostgreSQL in a container keeps its data over a restart', async () => {
    const place = { machine: postgresMachine, program: '' }
    await using server = await startPostgresOn(place, postgresPort, {})
    const query = async (sql: string) => {
      const client = new Client({ connectionString: server.url })
      await client.connect()
      try {
        return (await client.query(sql)).rows
      } finally {
        await client.end()
      }
    }
    await query('create table t as select 42 as answer')
    await server.restart()
    expect(await query('select answer from t')).toEqual([{ answer: 42 }])
  })
}
