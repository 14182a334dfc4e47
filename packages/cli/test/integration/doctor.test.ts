import { createCache } from '@tierstack/cache-core'
import { memory } from '@tierstack/cache-memory'
import { redis } from '@tierstack/cache-redis'
import {
  makeCertificates,
  startPostgres,
  startRedis,
  startRedisCluster,
  until,
} from '@tierstack/test-services'
import type { RedisServer } from '@tierstack/test-services'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diagnose } from '../../src/index.ts'
import type { DoctorOptions } from '../../src/index.ts'

/** Names of what is found. */
async function found(options: DoctorOptions): Promise<string[]> {
  return (await diagnose({ sample: 2_000, ...options })).map(({ check }) => check).toSorted()
}

/** Findings of a server that was started with further arguments, less those of a plain test server. */
async function seeded(
  args: readonly string[],
  prepare?: (server: RedisServer) => Promise<void>,
): Promise<string[]> {
  await using server = await startRedis({ args: [...wellConfigured, ...args] })
  await prepare?.(server)
  const plain = new Set(['redis/auth'])
  return (await found({ redis: server.url })).filter((check) => !plain.has(check))
}

const wellConfigured = ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lfu', '--bind', '127.0.0.1']
const user = 'user app on >secret ~* &* +@all'

describe('Redis', () => {
  test('a well configured server, with a cache on it, has nothing wrong', async () => {
    const tls = makeCertificates()
    await using server = await startRedis({ tls, args: wellConfigured, users: [user, 'user default off'] })
    const url = server.url.replace('//', '//app:secret@')
    const options = { username: 'app', password: 'secret', tls: { ca: tls.ca } }
    const cache = createCache({
      namespace: 'shop',
      tiers: [memory(), redis({ url: server.url, ...options })],
    })
    const row = cache.define({ name: 'row', load: async (id: number) => ({ id }) })
    await row.many([1, 2, 3])
    await cache.drain()
    expect(await diagnose({ redis: url, ca: tls.ca, namespace: 'shop' })).toEqual([])
    await cache.close()
  })

  test.each([
    ['no maxmemory', ['--maxmemory', '0'], ['redis/maxmemory']],
    ['more maxmemory than the machine has', ['--maxmemory', '10000gb'], ['redis/maxmemory']],
    ['a full server that refuses writes', ['--maxmemory-policy', 'noeviction'], ['redis/maxmemory-policy']],
    ['eviction of what has a ttl only', ['--maxmemory-policy', 'volatile-lru'], ['redis/maxmemory-policy']],
    ['eviction at random', ['--maxmemory-policy', 'allkeys-random'], ['redis/maxmemory-policy']],
    ['a disk write per command', ['--appendonly', 'yes', '--appendfsync', 'always'], ['redis/persistence']],
    [
      'subscribers that are cut off early',
      ['--client-output-buffer-limit', 'pubsub', '1mb', '512kb', '10'],
      ['redis/pubsub-buffer'],
    ],
    ['connections of dead machines that stay', ['--tcp-keepalive', '0'], ['redis/tcp-keepalive']],
    ['replicas that are missing', ['--min-replicas-to-write', '1'], ['redis/min-replicas']],
    [
      'an open server on every address',
      ['--bind', '0.0.0.0', '--protected-mode', 'no'],
      ['redis/exposed', 'redis/tls'],
    ],
  ])('%s', async (_, args, expected) => {
    expect(await seeded(args)).toEqual(expected)
  })

  test('nobody asks for a password', async () => {
    await using server = await startRedis({ args: wellConfigured })
    expect(await found({ redis: server.url })).toEqual(['redis/auth'])
  })

  test('a replica instead of its master', async () => {
    await using master = await startRedis({ args: wellConfigured })
    const replica = ['--replicaof', '127.0.0.1', String(master.port)]
    expect(await seeded(replica)).toEqual(['redis/role'])
  })

  test('a snapshot that failed, so that writes are refused', async () => {
    const unwritable = ['--save', '3600', '1', '--enable-protected-configs', 'local']
    expect(
      await seeded(unwritable, async (server) => {
        const client = new Redis(server.url)
        await client.config('SET', 'dbfilename', 'x'.repeat(300))
        await client.bgsave()
        await until('the failure', async () =>
          (await client.info('persistence')).includes('rdb_last_bgsave_status:err'),
        )
        client.disconnect()
      }),
    ).toEqual(['redis/persistence'])
  })

  test('slow commands', async () => {
    expect(
      await seeded(
        ['--slowlog-log-slower-than', '1000', '--enable-debug-command', 'local'],
        async (server) => {
          await server.command('DEBUG', 'SLEEP', '0.03')
        },
      ),
    ).toEqual(['redis/slow-log'])
  })

  test('big keys, hot keys, and evictions', async () => {
    const lfu = ['--maxmemory', '16mb', '--lfu-log-factor', '0']
    expect(
      await seeded(lfu, async (server) => {
        const client = new Redis(server.url)
        for (let i = 0; i < 400; i++) await client.set(`filler${i}`, Buffer.alloc(64 * 1024))
        await client.set('big', Buffer.alloc(2 * 1024 ** 2))
        for (let i = 0; i < 400; i++) await Promise.all([client.get('big'), client.get('filler399')])
        client.disconnect()
      }),
    ).toEqual(['redis/big-keys', 'redis/evictions', 'redis/hot-keys'])
  })

  test('most connections in use', async () => {
    expect(
      await seeded(['--maxclients', '10'], async (server) => {
        const clients = Array.from({ length: 9 }, () => new Redis(server.url, { retryStrategy: null }))
        await Promise.all(clients.map((client) => client.ping()))
        held.push(...clients)
      }),
    ).toEqual(['redis/maxclients'])
  })

  test('a Cluster without replicas, and one with slots that nobody has', async () => {
    await using cluster = await startRedisCluster(3, { args: wellConfigured })
    const [first] = cluster.nodes
    const url = first?.url ?? ''
    expect(await found({ redis: url })).toEqual(['redis/auth', 'redis/cluster-replicas'])
    await first?.command('CLUSTER', 'DELSLOTS', '1', '2')
    expect(await found({ redis: url })).toEqual([
      'redis/auth',
      'redis/cluster-replicas',
      'redis/cluster-slots',
      'redis/cluster-state',
    ])
  })

  test('a server that does not answer, in one sentence without the password', async () => {
    const [finding] = await diagnose({ redis: 'redis://app:planted-secret@127.0.0.1:1' })
    expect(finding?.check).toBe('redis/reach')
    expect(JSON.stringify(finding)).not.toContain('planted-secret')
  })

  const held: Redis[] = []
  afterAll(() => {
    for (const client of held) client.disconnect()
  })
})

describe('the cache in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ args: wellConfigured })
  })
  afterAll(() => server.stop())

  const ofCache = async (namespace: string) => {
    const findings = await diagnose({ redis: server.url, namespace, sample: 2_000 })
    expect(findings.find(({ check }) => check === 'redis/reach')).toBeUndefined()
    return findings.map(({ check }) => check).filter((check) => check.startsWith('cache/'))
  }
  // A busy machine may let a tier wait longer than a reader would.
  const timeouts = { tier: '5s', removal: '5s' } as const
  const open = (namespace: string) =>
    createCache({ namespace, timeouts, tiers: [memory(), redis({ url: server.url })] })

  test('a namespace that nobody uses, with those that are used', async () => {
    const cache = open('used')
    await cache.set('k', 'v')
    const findings = await diagnose({ redis: server.url, namespace: 'typo' })
    expect(findings.find(({ check }) => check === 'cache/epoch')?.found).toContain('used')
    await cache.close()
  })

  test('nobody who listens to removals', async () => {
    const cache = open('left')
    await cache.set('k', 'v')
    await cache.close()
    expect(await ofCache('left')).toEqual(['cache/bus'])
  })

  test('entries of ended epochs', async () => {
    const cache = open('orphaned')
    const row = cache.define({ name: 'row', load: async (id: number) => id })
    // By hundreds: leases wait for nobody, and a busy machine may need longer than one for all of them at once.
    for (let first = 0; first < 1_500; first += 100) {
      await row.many(Array.from({ length: 100 }, (_, i) => first + i))
      await cache.drain()
    }
    expect((await cache.clear()).queued).toEqual([])
    await row(1)
    expect(await ofCache('orphaned')).toEqual(['cache/orphans'])
    await cache.close()
  })

  test("another program's values under our names, and two versions of a definition", async () => {
    const cache = open('mixed')
    for (const version of [1, 2])
      await cache.define({ name: 'row', version, load: async (id: number) => id })(1)
    await cache.drain()
    const client = new Redis(server.url)
    const epoch = await client.get('ts:mixed:epoch')
    await client.set(`ts:mixed:${epoch}:=k`, '{"json":true}')
    client.disconnect()
    expect(await ofCache('mixed')).toEqual(['cache/foreign', 'cache/versions'])
    await cache.close()
  })
})

describe('PostgreSQL', () => {
  const good = { wal_level: 'logical', max_slot_wal_keep_size: '1GB' }

  async function connected<R>(url: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  test('a server that can not be followed', async () => {
    await using server = await startPostgres({
      settings: { wal_level: 'replica', max_replication_slots: '0', max_wal_senders: '0' },
    })
    await connected(server.url, (client) =>
      client.query('create role app login; create publication tierstack'),
    )
    const asApp = server.url.replace('postgres@', 'app@')
    expect(await found({ database: asApp })).toEqual([
      'postgres/max-replication-slots',
      'postgres/max-wal-senders',
      'postgres/replication-right',
      'postgres/slot-keep-size',
      'postgres/wal-level',
    ])
  })

  test('slots, publications and tables', async () => {
    await using server = await startPostgres({ settings: good })
    expect(await found({ database: server.url })).toEqual(['postgres/publication', 'postgres/slot'])
    await connected(server.url, (client) =>
      client.query(`
        create table keyed (id int primary key);
        create table keyless (id int);
        create table silent (id int primary key);
        alter table silent replica identity nothing;
        create publication tierstack for table keyed, keyless, silent;`),
    )
    await connected(server.url, (client) =>
      client.query("select pg_create_logical_replication_slot('tierstack', 'pgoutput')"),
    )
    expect(await found({ database: server.url })).toEqual([
      'postgres/primary-key',
      'postgres/replica-identity',
      'postgres/slot-inactive',
    ])
  })
})
