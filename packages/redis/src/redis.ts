import { expectation } from '@tierstack/cache-core'
import type { Coherence, RemoteTier } from '@tierstack/cache-core'
import { portFor } from './connect.ts'
import { resolveOptions } from './options.ts'
import type { RedisOptions } from './options.ts'
import { RedisTier } from './redis-tier.ts'

/** A tier on Redis or Valkey that takes part in coherence between processes. */
export interface RedisRemoteTier<N extends string = string> extends RemoteTier<N> {
  readonly coherence: Coherence
}

/**
 * A remote tier on Redis or Valkey, shared by a fleet. Throws for wrong options, an unknown client and a missing
 * peer, never for a server that can't be reached. Serves one cache.
 *
 * @example
 * redis({ url: 'redis://localhost:6379' })
 */
export function redis(options: RedisOptions & { readonly name?: undefined }): RedisRemoteTier<'redis'>
export function redis<const N extends string>(
  options: RedisOptions & { readonly name: N },
): RedisRemoteTier<N>
export function redis(options: RedisOptions): RedisRemoteTier
export function redis(options: RedisOptions): RedisRemoteTier {
  const resolved = resolveOptions(options)
  const port = portFor(resolved)
  if (port.clustered && resolved.bus === 'tracking') {
    throw expectation('bus', "'pubsub' with a Cluster", resolved.bus)
  }
  return new RedisTier(port, resolved)
}
