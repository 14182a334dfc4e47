import type { Findings } from './finding.ts'
import { numberOf } from './redis-facts.ts'
import type { RedisFacts } from './redis-facts.ts'

const loopback = /^(localhost|127\.|\[?::1\]?$)/
const mb = 1024 ** 2

/** How the server is set up: what it may keep, who may come in, and what happens when it is full. */
export function checkRedisSetUp(facts: RedisFacts, findings: Findings): void {
  checkServer(facts, findings)
  checkAccess(facts, findings)
  checkSpace(facts, findings)
  checkDisk(facts, findings)
  checkConnections(facts, findings)
}

function checkServer({ info }: RedisFacts, findings: Findings): void {
  const version = info.get('redis_version') ?? '0'
  if (Number.parseInt(version, 10) < 7) {
    findings.warning(
      'version',
      `The server is Redis ${version}.`,
      'Use Redis 7 or later, or Valkey: there a read takes its lease without a script.',
    )
  }
  if (info.get('role') === 'slave') {
    findings.error(
      'role',
      'The server is a read-only replica.',
      'Give the cache the address of the master, or of the Sentinels: nothing can be stored or removed here.',
    )
  }
}

function checkAccess({ config, open, host, encrypted }: RedisFacts, findings: Findings): void {
  const bind = (config.get('bind') ?? '').split(/\s+/).map((address) => address.replace(/^-/, ''))
  const listensAfar = config.has('bind') && bind.some((address) => !loopback.test(address))
  const remote = !loopback.test(host)
  const reachable = remote || listensAfar
  if (open === true && listensAfar && config.get('protected-mode') === 'no') {
    findings.error(
      'exposed',
      `The server listens on ${bind.join(', ') || 'all addresses'}, without a password and without protected mode.`,
      'Bind it to a private address, turn `protected-mode` on, and give every service an ACL user.',
    )
  }
  if (open === true) {
    const what = 'Anybody who reaches the server may do everything: the user `default` has no password.'
    const fix =
      'Set `user default off ~* &* +@all` (with rights: Redis loads its append-only file as that user) and give each service an ACL user with a password and the least rights.'
    if (reachable) findings.error('auth', what, fix)
    else findings.warning('auth', what, fix)
  }
  if (reachable && !encrypted) {
    findings.error(
      'tls',
      'The connection is not encrypted: whoever is on the way reads and changes what is cached.',
      'Set `tls-port` and a certificate on the server, and connect with a `rediss://` URL.',
    )
  }
}

function checkSpace({ info, config }: RedisFacts, findings: Findings): void {
  const most = numberOf(info, 'maxmemory')
  const policy = info.get('maxmemory_policy') ?? config.get('maxmemory-policy') ?? ''
  const machine = numberOf(info, 'total_system_memory')
  if (most === 0) {
    findings.warning(
      'maxmemory',
      'The server has no `maxmemory`: it grows until the kernel ends it.',
      'Set `maxmemory` to three quarters of its machine at most.',
    )
  } else if (machine > 0 && most > machine * 0.9) {
    findings.warning(
      'maxmemory',
      `\`maxmemory\` is ${Math.round(most / mb)} MB on a machine of ${Math.round(machine / mb)} MB.`,
      'Leave a quarter of the machine for buffers, copies of written pages and fragmentation.',
    )
  }
  if (policy === 'allkeys-random') {
    findings.warning(
      'maxmemory-policy',
      'A full server drops keys at random, hot ones too.',
      'Set `maxmemory-policy` to `allkeys-lfu` or `allkeys-lru`.',
    )
  } else if (!policy.startsWith('allkeys-')) {
    findings.error(
      'maxmemory-policy',
      `A full server refuses writes: \`maxmemory-policy\` is \`${policy}\`.`,
      'Set it to `allkeys-lfu` or `allkeys-lru`, so that a full server makes room.',
    )
  }
}

function checkDisk({ info, config }: RedisFacts, findings: Findings): void {
  if (config.get('appendonly') === 'yes' && config.get('appendfsync') === 'always') {
    findings.warning(
      'persistence',
      'Every write waits for the disk: `appendfsync` is `always`.',
      'Set it to `everysec`, or `appendonly no`: what a restarted server has is not trusted anyway.',
    )
  }
  const failed = info.get('rdb_last_bgsave_status') === 'err' || info.get('aof_last_write_status') === 'err'
  const stops = config.get('stop-writes-on-bgsave-error') !== 'no' && config.get('save') !== ''
  if (failed && stops) {
    findings.error(
      'persistence',
      'The last snapshot failed, and so the server refuses writes.',
      'Set `save ""` if nothing but a cache is in it, else make room on its disk.',
    )
  }
}

/** Redis' own default: 32 MB at once, or 8 MB for a minute. */
const leastPubsubBuffer = 8 * mb

function checkConnections({ info, config }: RedisFacts, findings: Findings): void {
  const limits = config.get('client-output-buffer-limit') ?? ''
  const [, hard] = /pubsub (\d+)/.exec(limits) ?? []
  if (hard !== undefined && Number(hard) > 0 && Number(hard) < leastPubsubBuffer) {
    findings.warning(
      'pubsub-buffer',
      `A subscriber that is behind by ${Math.round(Number(hard) / 1024)} KB is cut off, and its memory tier becomes suspect.`,
      'Set `client-output-buffer-limit pubsub 32mb 8mb 60`.',
    )
  }
  const most = Number(config.get('maxclients') ?? 0)
  const now = numberOf(info, 'connected_clients')
  if (most > 0 && now > most * 0.8) {
    findings.warning(
      'maxclients',
      `${now} of ${most} connections are in use.`,
      'Raise `maxclients`: each process needs two, and one more while it reconnects.',
    )
  }
  if (config.get('tcp-keepalive') === '0') {
    findings.note(
      'tcp-keepalive',
      'The server keeps connections of machines that are gone.',
      'Set `tcp-keepalive 300`.',
    )
  }
  const wanted = Number(config.get('min-replicas-to-write') ?? 0)
  const good = Number(info.get('min_slaves_good_slaves') ?? info.get('connected_slaves') ?? 0)
  if (wanted > good) {
    findings.error(
      'min-replicas',
      `The server refuses writes: it wants ${wanted} replicas and has ${good}.`,
      'Start the replicas, or lower `min-replicas-to-write`.',
    )
  }
}
