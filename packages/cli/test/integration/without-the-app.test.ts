import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import { until } from '@tierstack/test-services'
import { expect, inject, test } from 'vitest'
import { tierstack } from '../rig.ts'

const namespace = `cli-${process.pid}`
const at = () => ['--redis', inject('redisUrl'), '--namespace', namespace]

function open() {
  const tiers = [memory(), redis({ url: inject('redisUrl') })] as const
  const cache = createCache({ namespace, tiers, ttl: '1m', timeouts: { tier: '5s', removal: '5s' } })
  const user = cache.define({
    name: 'user',
    version: 3,
    load: async (id: number) => ({ id, name: 'Ada' }),
    tags: (_, id) => [`user:${id}`],
  })
  return { cache, user }
}

test('what is in Redis is counted, explained and shown without the app', async () => {
  const { cache, user } = open()
  await user.many([1, 2])
  await cache.drain()
  const stats = await tierstack(['stats', ...at()])
  expect(stats.out).toMatch(/user +3 +2/)
  const explained = await tierstack(['explain', '1', '--definition', 'user@3', ...at()])
  expect(explained.out).toMatch(/redis +hit/)
  const shape = await tierstack(['dump', '#user@3:n1', ...at()])
  expect(shape.out).toContain("name: 'string(3)'")
  expect(shape.out).not.toContain('Ada')
  expect((await tierstack(['dump', '#user@3:n1', '--values', ...at()])).out).toContain('Ada')
  await cache.close()
})

test('a removal made there reaches the memory of the app', async () => {
  const { cache, user } = open()
  await user(1)
  await cache.drain()
  const { code, out } = await tierstack(['invalidate', 'user:1', ...at()])
  expect(out).toMatch(/redis +confirmed/)
  expect(code).toBe(0)
  await until('the removal', async () => user.peek(1) === undefined)
  await cache.close()
})

test('a namespace that nobody uses is told, with exit code 2', async () => {
  const { code, err } = await tierstack(['stats', '--redis', inject('redisUrl'), '--namespace', 'nobodys'])
  expect(err).toContain('nobody has used `nobodys` there')
  expect(code).toBe(2)
})

test('a Redis that is not there is told without its password', async () => {
  const url = 'redis://app:planted-secret@127.0.0.1:1'
  const { code, err } = await tierstack(['explain', 'k', '--redis', url, '--namespace', namespace])
  expect(err).toContain('Expected a usable Redis at 127.0.0.1:1')
  expect(err).not.toContain('planted-secret')
  expect(code).toBe(2)
})

test('the program itself: exit codes, JSON, completion for the shell', async () => {
  const program = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
  const call = (...words: string[]) =>
    promisify(execFile)(process.execPath, ['--conditions=@tierstack/source', program, ...words])
  const { stdout } = await call(
    'doctor',
    '--redis',
    inject('redisUrl'),
    '--fail-on',
    'error',
    '--json',
  ).catch((error: { stdout: string }) => error)
  expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ check: 'redis/auth' }))
  expect((await call('complete', 'bash')).stdout).toContain('tierstack')
  expect((await call('complete', '--', 'doc')).stdout).toContain('doctor')
  await expect(call('nonsense')).rejects.toMatchObject({ code: 2 })
})
