import type { Redis } from 'ioredis'
import type { Findings } from './finding.ts'
import { fieldsOf, numberOf, tolerated } from './redis-facts.ts'
import type { RedisFacts } from './redis-facts.ts'

/** Health of a Cluster as the asked node sees it. Nothing where the server is no Cluster's. */
export async function checkRedisCluster(redis: Redis, facts: RedisFacts, findings: Findings): Promise<void> {
  if (facts.info.get('cluster_enabled') !== '1') return
  const told = await tolerated(() => redis.cluster('INFO'))
  if (told === undefined) return
  const fields = fieldsOf(told)
  const assigned = numberOf(fields, 'cluster_slots_assigned')
  const failed = numberOf(fields, 'cluster_slots_fail') + numberOf(fields, 'cluster_slots_pfail')
  if (assigned < 16_384) {
    findings.error(
      'cluster-slots',
      `${16_384 - assigned} of the 16,384 slots have no master.`,
      'Run `redis-cli --cluster fix`: the keys of these slots can neither be stored nor removed.',
    )
  }
  if (failed > 0 || fields.get('cluster_state') !== 'ok') {
    findings.error(
      'cluster-state',
      `The Cluster's state is \`${fields.get('cluster_state') ?? 'unknown'}\`, with ${failed} slots failing.`,
      'Bring their masters back, or fail over to a replica with `CLUSTER FAILOVER TAKEOVER`.',
    )
  }
  const nodes = (await tolerated(() => redis.cluster('NODES'))) as string | undefined
  const lines = (nodes ?? '').split('\n').filter((line) => line !== '')
  const masters = lines.filter((line) => / (\S*,)?master/.test(line))
  const alone = masters.filter((line) => {
    const id = line.slice(0, line.indexOf(' '))
    return !lines.some((other) => other.includes(` slave ${id} `) || other.includes(`slave ${id}`))
  })
  if (alone.length > 0) {
    findings.note(
      'cluster-replicas',
      `${alone.length} of ${masters.length} masters have no replica.`,
      'Add one each, or accept that a dead machine takes its part of the cache along.',
    )
  }
}
