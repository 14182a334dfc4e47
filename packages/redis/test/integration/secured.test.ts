import { makeCertificates, startRedis, until } from '@tierstack/test-services'
import { createClient, createCluster } from 'redis'
import { expect, test } from 'vitest'
import { requiredAcl } from '../../src/index.ts'
import { openOnly, openTier } from '../rig.ts'

const users = [
  // What the tier needs, and nothing beyond its own keys and channels.
  `user app on >secret ${requiredAcl({ bus: 'tracking' }).rules}`,
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

test('a password that is changed, and the old one withdrawn, while the tier is in use', async () => {
  const { rules } = requiredAcl()
  await using server = await startRedis({
    users: [`user app on >first ${rules}`, 'user default on nopass ~* &* +@all'],
  })
  let password = 'first'
  await using opened = await openTier({
    url: server.url,
    credentials: async () => ({ username: 'app', password: await Promise.resolve(password) }),
  })
  await opened.put('k', '1')
  expect(await server.command('ACL', 'SETUSER', 'app', 'resetpass', '>second')).toBe('+OK')
  password = 'second'
  // What stands goes on; what is made anew needs the new one.
  expect(await opened.get('k')).toBe('1')
  await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await opened.join()
  await opened.live()
  await opened.put('k', '2')
  expect(await opened.get('k')).toBe('2')
})

test('without the credentials of the moment there is no connection, and the reason is told', async () => {
  await using server = await startRedis()
  await using opened = openOnly({
    url: server.url,
    credentials: () => Promise.reject(new Error('the vault is sealed')),
  })
  await expect(opened.tier.hello()).rejects.toThrow('the vault is sealed')
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
