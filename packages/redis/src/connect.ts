import { createRequire } from 'node:module'
import { CacheError } from '@tierstack/cache-core'
import { kindOf } from './client.ts'
import { failFast } from './ioredis-node.ts'
import type { Io } from './ioredis-node.ts'
import { IoRedisPort } from './ioredis-port.ts'
import type { ResolvedOptions } from './options.ts'
import type { Port } from './port.ts'

interface IoRedisPackage {
  readonly Redis: new (...args: unknown[]) => Io
  readonly Cluster: new (nodes: readonly unknown[], options: object) => unknown
}

/** The port for the client that was given, or for one that the tier makes. */
export function portFor(options: ResolvedOptions): Port {
  if (options.client === undefined) return ownPort(options)
  switch (kindOf(options.client)) {
    case 'ioredis':
      return new IoRedisPort(options.client as unknown as Io, false)
    default:
      throw new CacheError('UNSUPPORTED_CLIENT', 'not yet')
  }
}

function ownPort(options: ResolvedOptions): Port {
  const { Redis } = ioredis()
  const { url, sentinels, sentinelName, username, password, tls } = options
  const access = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tls === true ? {} : tls }),
  }
  if (sentinels !== undefined) {
    const addresses = sentinels.map((address) => {
      const colon = address.lastIndexOf(':')
      return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
    })
    return new IoRedisPort(
      new Redis({
        ...failFast,
        ...access,
        sentinels: addresses,
        name: sentinelName,
        sentinelRetryStrategy: failFast.retryStrategy,
        failoverDetector: true,
        ...(tls === undefined ? {} : { sentinelTLS: access.tls, enableTLSForSentinelMode: true }),
      }),
      true,
    )
  }
  return new IoRedisPort(new Redis(url, { ...failFast, ...access }), true)
}

function ioredis(): IoRedisPackage {
  try {
    return createRequire(import.meta.url)('ioredis') as IoRedisPackage
  } catch (cause) {
    throw new CacheError(
      'MISSING_PEER',
      'Expected the package `ioredis` to be installed, as the tier connects by itself: run `npm install ioredis`, or pass a `client`',
      { cause },
    )
  }
}
