import { Client } from 'pg'
import { expect, inject, test } from 'vitest'

import {
  makeCertificates,
  startPostgres,
  startRedis,
  startRedisCluster,
  startSentinel,
  until,
} from '../../src/index.ts'
import { respCommand } from '../../src/resp.ts'

test('the shared Redis answers', async () => {
  const { port } = new URL(inject('redisUrl'))
  expect(await respCommand({ port: Number(port || 6379) }, 'PING')).toMatch(/^(\+PONG|-NOAUTH)/)
})

test('the shared PostgreSQL answers', async () => {
  const client = new Client({ connectionString: inject('databaseUrl') })
  await client.connect()
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await client.end()
})

test('a paused Redis goes on after resume, a killed one after restart', async () => {
  await using redis = await startRedis({ args: ['--maxmemory', '2mb'] })
  await redis.pause()
  const asked = redis.command('PING')
  await redis.resume()
  expect(await asked).toBe('+PONG')
  await redis.kill()
  await expect(redis.command('PING')).rejects.toThrow(/ECONNREFUSED|closed|ECONNRESET/)
  await redis.restart()
  expect(await redis.command('PING')).toBe('+PONG')
})

test('a Redis with TLS and users refuses the anonymous', async () => {
  await using redis = await startRedis({
    tls: makeCertificates(),
    users: ['user app on >secret ~* &* +@all', 'user default off'],
  })
  expect(redis.url).toBe(`rediss://127.0.0.1:${redis.port}`)
  expect(await redis.command('PING')).toMatch(/^-NOAUTH/)
})

test('a cluster answers on every master', async () => {
  await using cluster = await startRedisCluster(3)
  for (const node of cluster.nodes)
    expect(await node.command('CLUSTER', 'INFO')).toContain('cluster_state:ok')
})

test('the sentinels elect a replica when the primary dies', async () => {
  await using watched = await startSentinel()
  expect(await watched.primaryPort()).toBe(watched.primary.port)
  await watched.primary.kill()
  await until('a fail-over', async () => (await watched.primaryPort()) !== watched.primary.port)
  expect(await watched.primaryPort()).toBe(watched.replicas[0]?.port)
})

test('a PostgreSQL restarts with its data and its settings', async () => {
  await using server = await startPostgres({ settings: { wal_level: 'logical' } })
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
  await server.kill()
  await server.restart()
  expect(await query('select answer from t')).toEqual([{ answer: 42 }])
  expect(await query('show wal_level')).toEqual([{ wal_level: 'logical' }])
})
