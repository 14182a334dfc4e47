import { makeCertificates, startRedis, until } from '@tierstack/test-services'
import { createClient, createCluster } from 'redis'
import { expect, test } from 'vitest'
import { openOnly, openTier } from '../rig.ts'

const users = [
  // What the tier needs, and nothing beyond its own keys and channels.
  [
    'user app on >secret ~ts:* &ts:* &__redis__:invalidate -@all +hello +auth +ping +client +info +script|load',
    '+eval +evalsha +get +set +mget +del +incr +persist +publish +subscribe +time +getrange +setrange +append',
    '+pexpire +pttl +wait +command',
  ].join(' '),
  'user default off',
]

test('TLS with an ACL user that may do no more than the tier needs', async () => {
  const tls = makeCertificates()
  await using server = await startRedis({ tls, users })
  await using opened = await openTier({
    url: server.url,
    username: 'app',
    password: 'secret',
    tls: { ca: tls.ca },
  })
  await opened.put('k', '1')
  expect(await opened.get('k')).toBe('1')
  await opened.coherence.lease(['k', 'l'], 1_000, true)
  await opened.coherence.expire(['k'])
  await opened.coherence.invalidate(['t'], true)
  await opened.coherence.tags(['t'])
  await opened.tier.clear()
  expect(opened.losses).toEqual([])
  const access = { username: 'app', password: 'secret', tls: { ca: tls.ca } }
  await using told = await openTier({ ...access, url: server.url, bus: 'tracking' })
  expect(told.findings.map(({ check }) => check)).not.toContain('tracking')
})

test('TLS through a given client of node-redis', async () => {
  const tls = makeCertificates()
  await using server = await startRedis({ tls, users })
  const client = createClient({
    username: 'app',
    password: 'secret',
    socket: { host: server.host, port: server.port, tls: true, ca: tls.ca },
  })
  client.on('error', () => undefined)
  await client.connect()
  await using opened = await openTier({ client })
  await opened.put('k', '1')
  expect(await opened.get('k')).toBe('1')
  client.destroy()
})

test('a wrong password and a certificate of nobody are refused, and nothing ends the process', async () => {
  const tls = makeCertificates()
  await using server = await startRedis({ tls, users })
  await using wrong = openOnly({ url: server.url, username: 'app', password: 'guess', tls: { ca: tls.ca } })
  await expect(wrong.tier.hello()).rejects.toThrow(/WRONGPASS|NOAUTH|closed/)
  await using distrusted = openOnly({ url: server.url, username: 'app', password: 'secret' }, 'other')
  await expect(distrusted.tier.hello()).rejects.toThrow(/certificate/)
})

test('a Cluster with TLS, connected by the tier and through a given client of node-redis', async () => {
  const tls = makeCertificates()
  await using server = await startRedis({
    tls,
    args: [
      ['--cluster-enabled', 'yes', '--tls-cluster', 'yes'],
      ['--cluster-announce-ip', '127.0.0.1', '--cluster-require-full-coverage', 'no'],
    ].flat(),
  })
  await server.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await until('the Cluster', async () => (await server.command('CLUSTER', 'INFO')).includes('state:ok'))
  await using opened = await openTier({ cluster: [server.url], tls: { ca: tls.ca } })
  const client = createCluster({
    rootNodes: [{ url: server.url }],
    defaults: { socket: { tls: true, ca: tls.ca } },
  })
  client.on('error', () => undefined)
  await client.connect()
  await using other = await openTier({ client })
  await opened.put('k', '1')
  expect(await other.get('k')).toBe('1')
  await other.tier.delete(['k'])
  const removal = JSON.stringify({ kind: 'keys', keys: ['k'], soft: false })
  await until('the removal', () => Promise.resolve(opened.heard.includes(removal)))
  expect(opened.losses).toEqual([])
  client.destroy()
})
