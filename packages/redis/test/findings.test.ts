import { expect, test } from 'vitest'
import { findings } from '../src/findings.ts'
import { parseInfo } from '../src/server-info.ts'

const right = {
  runId: 'r',
  version: '7.4.0',
  major: 7,
  role: 'master',
  maxMemory: 1,
  policy: 'allkeys-lru',
}
const local = { encrypted: false, verified: true, authenticated: false, hosts: ['127.0.0.1'] }
const remote = { ...local, hosts: ['redis.example'] }
const checks = (server: Partial<typeof right>, reach = local, production = true) =>
  findings([{ ...right, ...server }], reach, production).map(({ check }) => check)

test('a server set up well is nothing to report', () => {
  expect(checks({})).toEqual([])
  expect(checks({}, { ...remote, encrypted: true, authenticated: true })).toEqual([])
  expect(checks({}, { ...local, hosts: ['/run/redis.sock'] })).toEqual([])
})

test('each finding has a name of its own', () => {
  expect(checks({ version: '6.2.1', major: 6 })).toEqual(['version'])
  expect(checks({ role: 'slave' })).toEqual(['role'])
  expect(checks({ maxMemory: 0, policy: 'noeviction' })).toEqual(['maxmemory'])
  expect(checks({ policy: 'noeviction' })).toEqual(['maxmemory-policy'])
  expect(checks({ policy: 'volatile-lru' })).toEqual(['maxmemory-policy'])
  expect(checks({}, remote)).toEqual(['tls', 'auth'])
  expect(checks({}, remote, false)).toEqual(['tls'])
  const unverified = { ...local, encrypted: true, verified: false }
  expect(checks({}, unverified)).toEqual(['tls-verify'])
})

test('INFO is read by its fields, and one without a run id refused', () => {
  const text =
    '# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\nrole:master\r\nmaxmemory:5\r\nmaxmemory_policy:noeviction\r\n'
  expect(parseInfo(text)).toEqual({
    ...right,
    runId: 'abc',
    version: '7.0.15',
    maxMemory: 5,
    policy: 'noeviction',
  })
  expect(() => parseInfo('redis_version:7')).toThrow(/run_id/)
})
