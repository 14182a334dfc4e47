import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { scanNamespace } from '../namespace-scan.ts'
import { fieldsOf } from '../doctor/redis-facts.ts'
import { shownBytes } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

/** `stats` of what a cache keeps in Redis: a sample of its keys, by definition. */
export async function statsOnRedis(
  place: {
    readonly url: string
    readonly namespace: string
    readonly prefix: string
    readonly ca: string | undefined
    readonly sample: number
  },
  terminal: Terminal,
): Promise<void> {
  const { url, namespace, ca } = place
  const tls = ca === undefined ? {} : { tls: { ca: readFileSync(ca) } }
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, ...tls })
  redis.on('error', () => {})
  try {
    await redis.connect()
    const clustered = fieldsOf(await redis.info('cluster')).get('cluster_enabled') === '1'
    const scan = await scanNamespace(redis, { ...place, clustered })
    if (scan.epoch === undefined) {
      const others = scan.neighbours.length === 0 ? '' : `; there are ${scan.neighbours.join(', ')}`
      throw new UsageError(`Expected a namespace in use, nobody has used \`${namespace}\` there${others}`)
    }
    const told = {
      namespace,
      epoch: scan.epoch,
      processes: scan.subscribers,
      entries: scan.current,
      ofEndedEpochs: scan.orphans,
      definitions: [...scan.definitions].map(([name, counts]) => ({
        name: name || '(raw keys)',
        versions: [...(scan.versions.get(name) ?? [])].toSorted(),
        ...counts,
      })),
    }
    terminal.show(told, () => {
      terminal.line(
        terminal.paint('bold', `${namespace}: ${told.processes} processes listen, epoch ${told.epoch}`),
      )
      terminal.line()
      terminal.table(
        ['definition', 'versions', 'entries', 'bytes'],
        told.definitions.map((one) => [
          one.name,
          one.versions.join(', '),
          one.entries,
          shownBytes(one.bytes),
        ]),
      )
      if (told.ofEndedEpochs > 0)
        terminal.line(`\n  and ${told.ofEndedEpochs} entries of epochs that have ended`)
    })
  } finally {
    redis.disconnect()
  }
}
