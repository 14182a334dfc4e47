import type { Redis } from 'ioredis'
import type { Findings } from './finding.ts'
import { scanNamespace } from '../namespace-scan.ts'
import type { NamespaceScan, Place } from '../namespace-scan.ts'

/** What the processes that use a namespace have left in Redis. */
export async function checkCache(
  redis: Redis,
  place: Place & { readonly sample: number },
  findings: Findings,
): Promise<void> {
  const scan = await scanNamespace(redis, place)
  if (scan.epoch === undefined) {
    findings.error(
      'epoch',
      `No cache has used the namespace \`${place.namespace}\` on this server${others(scan)}.`,
      'Look whether `namespace`, `prefix` and the server are those of the app.',
    )
    return
  }
  checkSubscribers(scan, findings)
  checkGenerations(scan, findings)
  checkFrames(scan, findings)
}

function others({ neighbours }: NamespaceScan): string {
  return neighbours.length === 0 ? '' : `; there are ${neighbours.slice(0, 5).join(', ')}`
}

function checkSubscribers(scan: NamespaceScan, findings: Findings): void {
  if (scan.subscribers > 0) return
  findings.warning(
    'bus',
    'No process listens to the removals of this namespace.',
    'If the app runs, its memory tiers count as suspect after half a second: look at its events `degraded` and `bus:gap`.',
  )
}

function checkGenerations(scan: NamespaceScan, findings: Findings): void {
  const { current, orphans } = scan
  if (orphans <= Math.max(1_000, current)) return
  findings.warning(
    'orphans',
    `${orphans} of ${orphans + current} sampled entries are of an epoch that has ended; nobody will read them again.`,
    'They end by their ttl or are evicted. If there are many more each time, look for who calls `clear()` so often.',
  )
}

function checkFrames(scan: NamespaceScan, findings: Findings): void {
  if (scan.foreign > 0) {
    findings.error(
      'foreign',
      `${scan.foreign} sampled keys of this namespace hold what no cache has written.`,
      'Give other programs another prefix, and an ACL user that can not write here.',
    )
  }
  const formats = [...scan.formats.keys()].toSorted((a, b) => a - b)
  if (formats.length > 1) {
    findings.note(
      'frames',
      `Frames of the format versions ${formats.join(' and ')} are side by side.`,
      'Two releases are deployed at once: what one can not read is a miss for it.',
    )
  }
  const doubled = [...scan.versions].filter(([, versions]) => versions.size > 1)
  for (const [definition, versions] of doubled) {
    findings.note(
      'versions',
      `The definition \`${definition}\` is there in the versions ${[...versions].toSorted().join(' and ')}.`,
      'Two deployments run side by side, or the old entries have not ended yet.',
    )
  }
}
