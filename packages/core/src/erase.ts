import { createHash, randomUUID } from 'node:crypto'
import type { Audit } from './audit.ts'
import type { Chain } from './chain.ts'
import { parseDuration } from './duration.ts'
import type { Duration } from './duration.ts'
import { checkKeys } from './expectation.ts'
import type { ResolvedPolicy } from './policy.ts'
import { removeTags } from './remove.ts'
import type { Receipt } from './remove.ts'
import { tenantOf } from './tenant-name.ts'

/** What became of an erasure, to be kept: it names nobody. */
export interface Erasure<N extends string = string> {
  readonly id: string
  /** Wall-clock instants, ms: when it was asked for, and when this was told. */
  readonly askedAt: number
  readonly toldAt: number
  /** SHA-256 of namespace and tags, in base64url: tells whether an erasure was of a subject whose tags one knows. */
  readonly subject: string
  /**
   * `erased`: nobody is given an entry of the subject from there. `durable`: a purge stands in a queue that survives this
   * process. `queued`: this process goes on trying.
   */
  readonly tiers: { readonly [K in N]: 'erased' | 'durable' | 'queued' }
  /** The memory of other processes. `told`: those that didn't hear it stop using theirs when they notice that. */
  readonly processes: Receipt['bus']
  /** Whether all of it is done. */
  readonly complete: boolean
}

export interface EraseOptions {
  /** How long to wait for tiers that don't confirm at once. @default '10s' */
  readonly timeout?: Duration
}

interface EraseParts {
  readonly chain: Chain
  readonly policy: ResolvedPolicy
  readonly audit: Audit | undefined
  readonly path: string
}

const shortestPause = 100
const longestPause = 2_000

/**
 * Invalidates by tag, again until every tier has confirmed it or the time is up, and says what became of it. On record
 * before it is done and after, where the cache has an audit.
 */
export async function erase(
  { chain, policy, audit, path }: EraseParts,
  tags: readonly string[],
  options: EraseOptions,
): Promise<Erasure> {
  checkKeys('erase options', options, ['timeout'])
  const timeout = parseDuration('timeout', options.timeout ?? '10s')
  const askedAt = chain.clock.wall()
  const until = chain.clock.now() + timeout
  const subject = subjectOf(chain.namespace, tags)
  const note = (action: 'erase' | 'erased' | 'erase-queued') =>
    audit?.note({ action, definition: '', tenant: tenantOf(path), tier: undefined }, `!erase ${subject}`)
  await audit?.room()
  note('erase')
  const calm: ResolvedPolicy = { ...policy, invalidation: 'queue' }
  let receipt = await removeTags(chain, calm, tags, false)
  // After it: from then on none can come back.
  dropHeld(chain, new Set(tags))
  let pause = shortestPause
  while (chain.clock.now() < until && !isDone(chain, receipt)) {
    const wait = Math.min(pause, until - chain.clock.now())
    await new Promise<void>((resolve) => chain.clock.after(wait, resolve))
    pause = Math.min(longestPause, pause * 2)
    // An edge with a queue of its own goes on by itself: asking it again would only lengthen the queue.
    const again = receipt.queued.length > 0 || receipt.bus === 'queued'
    if (again) receipt = await removeTags(chain, calm, tags, false)
  }
  const complete = isDone(chain, receipt)
  note(complete ? 'erased' : 'erase-queued')
  return {
    id: randomUUID(),
    askedAt,
    toldAt: chain.clock.wall(),
    subject,
    tiers: Object.fromEntries(chain.names.map((name) => [name, outcomeAt(chain, receipt, name)])),
    processes: receipt.bus,
    complete,
  }
}

/** Entries in this process' memory don't stay until somebody asks for them. */
function dropHeld(chain: Chain, tags: ReadonlySet<string>): void {
  for (const tier of chain.locals.tiers) {
    for (const key of tier.keys()) {
      if (tier.inspect(key)?.tags.some(({ tag }) => tags.has(tag))) tier.delete(key)
    }
  }
}

function outcomeAt(chain: Chain, receipt: Receipt, name: string): 'erased' | 'durable' | 'queued' {
  if (receipt.queued.includes(name)) return 'queued'
  if (!receipt.durable.includes(name)) return 'erased'
  // All that stood in the queue was purged since.
  return chain.edges.find((edge) => edge.name === name)?.size === 0 ? 'erased' : 'durable'
}

function isDone(chain: Chain, receipt: Receipt): boolean {
  return receipt.bus !== 'queued' && chain.names.every((name) => outcomeAt(chain, receipt, name) === 'erased')
}

function subjectOf(namespace: string, tags: readonly string[]): string {
  const text = [...new Set(tags)].toSorted().join('\0')
  return createHash('sha256').update(`${namespace}\0${text}`).digest('base64url')
}
