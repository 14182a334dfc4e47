import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '@tierstack/test-services'
import type { RedisServer, SentinelSetup } from '@tierstack/test-services'
import type { Scene } from './scene.ts'
import { FaultProxy } from './proxy.ts'

const lostMs = 300

/** Kills the primary when its replica has heard nothing for a while: what it acknowledged meanwhile is gone. */
export async function failOver({ servers, faultMs }: Scene): Promise<void> {
  const sentinel = servers.sentinel as SentinelSetup
  const { primary, replicas } = sentinel
  const [replica] = replicas as readonly [RedisServer]
  const between = await FaultProxy.start(primary.port)
  try {
    await replica.command('REPLICAOF', '127.0.0.1', String(between.port))
    await until('the replica to follow through the proxy', async () =>
      (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
    )
    await sleep(200)
    between.blackHole()
    await sleep(lostMs)
    await primary.kill()
    between.cut()
    await until('the fail-over', async () => (await sentinel.primaryPort()) === replica.port)
    await sleep(faultMs)
  } finally {
    await between.stop()
  }
}

/** Another primary while the one before lives on, first as a second primary, then as a replica. */
export async function failOverOnCommand({ servers, faultMs }: Scene): Promise<void> {
  const sentinel = servers.sentinel as SentinelSetup
  const [replica] = sentinel.replicas as readonly [RedisServer]
  await sentinel.failOver()
  await until('the fail-over', async () => (await sentinel.primaryPort()) === replica.port)
  await sleep(faultMs)
}
