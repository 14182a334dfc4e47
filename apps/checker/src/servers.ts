import { startRedis, startRedisCluster, startSentinel } from '@tierstack/test-services'
import type { RedisServer, SentinelSetup } from '@tierstack/test-services'
import { FaultProxy, hideRunId } from './proxy.ts'
import type { RedisPlace } from './subjects/subject.ts'

export const profiles = ['standalone', 'cluster', 'sentinel'] as const
export type Profile = (typeof profiles)[number]

/** The Redis servers of one round, and each process' way to them. */
export interface Servers {
  readonly profile: Profile
  /** The masters at the beginning. */
  readonly masters: readonly RedisServer[]
  readonly sentinel: SentinelSetup | undefined
  /** One per process, in front of a standalone server; none otherwise. */
  readonly proxies: readonly FaultProxy[]
  placeOf(position: number): RedisPlace
  stop(): Promise<void>
}

export interface ServersOptions {
  readonly profile: Profile
  readonly processes: number
  readonly args: readonly string[]
  readonly hideRunId: boolean
}

export async function startServers(options: ServersOptions): Promise<Servers> {
  switch (options.profile) {
    case 'standalone':
      return await standalone(options)
    case 'sentinel': {
      const sentinel = await startSentinel({ args: options.args })
      const { name, sentinels } = sentinel
      return {
        profile: 'sentinel',
        masters: [sentinel.primary],
        sentinel,
        proxies: [],
        placeOf: () => ({ kind: 'sentinel', name, sentinels: sentinels.map(({ port }) => port) }),
        stop: () => sentinel.stop(),
      }
    }
    case 'cluster': {
      const cluster = await startRedisCluster(3, { args: options.args })
      return {
        profile: 'cluster',
        masters: cluster.nodes,
        sentinel: undefined,
        proxies: [],
        placeOf: () => ({ kind: 'cluster', ports: cluster.nodes.map(({ port }) => port) }),
        stop: () => cluster.stop(),
      }
    }
  }
}

async function standalone(options: ServersOptions): Promise<Servers> {
  const server = await startRedis({ args: options.args })
  // One more: for the fresh process of the audit.
  const proxies = await Promise.all(
    Array.from({ length: options.processes + 1 }, () => FaultProxy.start(server.port)),
  )
  if (options.hideRunId) for (const proxy of proxies) proxy.rewrite(hideRunId)
  return {
    profile: 'standalone',
    masters: [server],
    sentinel: undefined,
    proxies,
    placeOf: (position) => ({ kind: 'standalone', port: (proxies[position] as FaultProxy).port }),
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.stop()))
      await server.stop()
    },
  }
}
