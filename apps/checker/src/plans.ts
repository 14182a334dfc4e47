import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from '@tierstack/test-services'
import { pressMemory } from './memory-pressure.ts'
import { failOver, failOverOnCommand } from './fail-over.ts'
import type { FaultProxy } from './proxy.ts'
import type { Scene } from './scene.ts'
import type { Profile } from './servers.ts'
import type { LoadDelays } from './worker-protocol.ts'
import type { WorkerProcess } from './fleet.ts'

export interface Plan {
  readonly name: string
  readonly what: string
  readonly profiles: readonly Profile[]
  /** Do messages between the processes suffer? Then the 500 ms bound counts, not the 50 ms one. */
  readonly silences: boolean
  readonly redisArgs?: readonly string[]
  readonly delays?: Partial<LoadDelays>
  readonly ownClock?: boolean
  /** Before the load: what must be there before the fault. */
  prepare?(scene: Scene): Promise<void>
  /** The fault, from its beginning to its end. */
  strike(scene: Scene): Promise<void>
}

const everywhere: readonly Profile[] = ['standalone', 'cluster', 'sentinel']
const standalone: readonly Profile[] = ['standalone']

const anyMaster = ({ servers, random }: Scene): RedisServer => random.pick(servers.masters)
const anyPosition = ({ random, workers }: Scene): number => random.below(workers().length)
const anyProxy = (scene: Scene): FaultProxy => scene.servers.proxies[anyPosition(scene)] as FaultProxy

async function throughProxies(
  scene: Scene,
  proxies: readonly FaultProxy[],
  strike: (proxy: FaultProxy) => void,
): Promise<void> {
  for (const proxy of proxies) strike(proxy)
  await sleep(scene.faultMs)
  for (const proxy of proxies) proxy.heal()
}

export const plans: readonly Plan[] = [
  {
    name: 'a',
    what: 'no fault',
    profiles: everywhere,
    silences: false,
    strike: ({ faultMs }) => sleep(faultMs),
  },
  {
    name: 'b1',
    what: 'Redis stopped with SIGSTOP, then resumed',
    profiles: everywhere,
    silences: true,
    async strike(scene) {
      const master = anyMaster(scene)
      await master.pause()
      await sleep(scene.faultMs)
      await master.resume()
    },
  },
  {
    name: 'b2',
    what: 'Redis killed, restarted empty',
    profiles: ['standalone', 'cluster'],
    silences: true,
    async strike(scene) {
      const master = anyMaster(scene)
      await master.kill()
      await sleep(scene.faultMs / 3)
      await master.restart()
      await sleep((scene.faultMs * 2) / 3)
    },
  },
  {
    name: 'b3',
    what: 'Redis killed, restarted from an older snapshot',
    profiles: ['standalone', 'cluster'],
    silences: true,
    async strike(scene) {
      const master = anyMaster(scene)
      await master.command('SAVE')
      await sleep((scene.faultMs * 2) / 3)
      await master.kill()
      await master.restart()
      await sleep(scene.faultMs / 3)
    },
  },
  {
    name: 'c',
    what: 'subscriber connections killed',
    profiles: everywhere,
    silences: true,
    async strike(scene) {
      for (let i = 0; i < 4; i++) {
        for (const master of scene.servers.masters) await master.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
        await sleep(scene.faultMs / 4)
      }
    },
  },
  {
    name: 'd',
    what: 'one process cut off from Redis',
    profiles: standalone,
    silences: true,
    strike: (scene) => throughProxies(scene, [anyProxy(scene)], (proxy) => proxy.cut()),
  },
  {
    name: 'd2',
    what: 'all processes cut off from Redis',
    profiles: standalone,
    silences: true,
    strike: (scene) => throughProxies(scene, scene.servers.proxies, (proxy) => proxy.cut()),
  },
  {
    name: 'd3',
    what: 'one process black-holed: its connections stay and carry nothing',
    profiles: standalone,
    silences: true,
    strike: (scene) => throughProxies(scene, [anyProxy(scene)], (proxy) => proxy.blackHole()),
  },
  {
    name: 'd4',
    what: 'answers and messages delayed by up to 150 ms, each connection differently',
    profiles: standalone,
    silences: true,
    async strike(scene) {
      const { proxies } = scene.servers
      for (let left = scene.faultMs; left > 0; left -= 200) {
        for (const proxy of proxies) proxy.delayUpTo(150)
        await sleep(Math.min(left, 200))
      }
      for (const proxy of proxies) proxy.heal()
    },
  },
  {
    name: 'e',
    what: 'a process killed while it writes and holds leases, and started again',
    profiles: everywhere,
    silences: false,
    async strike(scene) {
      for (let i = 0; i < 4; i++) {
        await scene.replace(anyPosition(scene))
        await sleep(scene.faultMs / 4)
      }
    },
  },
  {
    name: 'f',
    what: 'fail-over by Sentinel to a replica that lacks the last 300 ms',
    profiles: ['sentinel'],
    silences: true,
    strike: failOver,
  },
  {
    name: 'f2',
    what: 'fail-over by Sentinel on command: the old primary lives on as a replica',
    profiles: ['sentinel'],
    silences: true,
    strike: failOverOnCommand,
  },
  {
    name: 'g',
    what: 'a process stopped with SIGSTOP, then resumed',
    profiles: everywhere,
    silences: true,
    async strike(scene) {
      const worker = scene.workers()[anyPosition(scene)] as WorkerProcess
      worker.pause()
      await sleep(scene.faultMs)
      worker.resume()
    },
  },
  {
    name: 'h',
    what: 'loads that stall past the lease, some blocking their process',
    profiles: everywhere,
    // A blocked process hears nothing.
    silences: true,
    delays: { stalls: 0.01, blocks: 0.0005 },
    strike: ({ faultMs }) => sleep(faultMs),
  },
  {
    name: 'i',
    what: 'the clocks of the processes jump, by hours',
    profiles: everywhere,
    silences: false,
    ownClock: true,
    async strike(scene) {
      for (let i = 0; i < 3; i++) {
        const worker = scene.workers()[anyPosition(scene)] as WorkerProcess
        worker.jump((scene.random.next() - 0.5) * 10 * 3_600_000)
        await sleep(scene.faultMs / 3)
      }
    },
  },
  {
    name: 'j',
    what: 'memory pressure: allkeys-lru evicts entries, leases, tag markers and counters',
    profiles: ['standalone', 'sentinel'],
    // An evicted counter looks like missed messages.
    silences: false,
    redisArgs: ['--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-lru'],
    strike: pressMemory,
  },
]
