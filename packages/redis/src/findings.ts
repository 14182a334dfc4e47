import type { SetupFinding } from '@tierstack/cache-core'
import type { Port } from './port.ts'
import type { ServerInfo } from './server-info.ts'

/** What an operator should know of the servers and the way to them. */
export function findings(
  servers: readonly ServerInfo[],
  reach: Port['reach'],
  production: boolean = process.env['NODE_ENV'] === 'production',
): SetupFinding[] {
  const found: SetupFinding[] = []
  const note = (check: string, what: string, fix: string) => found.push({ check, found: what, fix })
  for (const { version, major, role, maxMemory, policy } of servers) {
    if (major < 7) {
      note(
        'version',
        `The server is Redis ${version}.`,
        'Use Redis 7 or later, or Valkey: older ones are not tested.',
      )
    }
    if (role !== 'master') {
      note(
        'role',
        'The server is a read-only replica.',
        'Connect to the master: nothing can be stored or removed here.',
      )
    }
    if (maxMemory === 0) {
      note(
        'maxmemory',
        'The server has no `maxmemory`.',
        'Set `maxmemory`, with `maxmemory-policy allkeys-lru` or `allkeys-lfu`.',
      )
    } else if (!policy.startsWith('allkeys-')) {
      note(
        'maxmemory-policy',
        `The server's \`maxmemory-policy\` is \`${policy}\`.`,
        'Set it to `allkeys-lru` or `allkeys-lfu`, so that a full server makes room instead of refusing writes.',
      )
    }
  }
  const remote = reach.hosts.some(
    (host) => !/^(localhost|127\.|::1$|\[::1\])/.test(host) && !host.startsWith('/'),
  )
  if (remote && !reach.encrypted) {
    note(
      'tls',
      'The connection to a server on another host is not encrypted: whoever is on the way reads and changes it.',
      'Use a `rediss://` URL or the `tls` option.',
    )
  }
  if (reach.encrypted && (!reach.verified || process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')) {
    note(
      'tls-verify',
      'The certificate of the server is not verified: anybody can answer in its place.',
      'Give the authority as `tls: { ca }` and leave verification on.',
    )
  }
  if (production && remote && !reach.authenticated) {
    note(
      'auth',
      'The connection uses no password.',
      'Give the service an ACL user and a password of its own; `requiredAcl()` tells what it must be allowed.',
    )
  }
  return found
}
