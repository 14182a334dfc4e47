import type { LocalEntry } from '@tierstack/cache-core'
import type { Prefix } from './prefix.ts'

/** What entries have in common: most of one definition share one object. Never changed once shared. */
export interface Mark {
  /** Undefined for a free slot. */
  readonly prefix: Prefix | undefined
  readonly seen: number
  /** Ms from the end of freshness. */
  readonly staleFor: number
  readonly errorFor: number
  /** Undefined: since its creation. Entries that were read together from a farther tier have one instant. */
  readonly vouchedAt: number | undefined
  readonly soft: boolean
  readonly stamp: string
  readonly tags: LocalEntry['tags']
  readonly slots: LocalEntry['slots']
  readonly etag: string | undefined
  readonly provisional: boolean
  readonly idleTtl: number
  readonly isolation: LocalEntry['isolation']
}

export const vacant: Mark = {
  prefix: undefined,
  seen: -1,
  staleFor: 0,
  errorFor: 0,
  vouchedAt: undefined,
  soft: false,
  stamp: '',
  tags: [],
  slots: [],
  etag: undefined,
  provisional: false,
  idleTtl: Number.POSITIVE_INFINITY,
  isolation: 'frozen',
}

/** Thousandths of a ms are kept: differences of instants carry noise, which would let no two entries share. */
function between(from: number, to: number): number {
  return from === to ? 0 : Math.round((to - from) * 1_000) / 1_000
}

/** The mark of an entry: `last` where it says the same. */
export function markOf(entry: LocalEntry, prefix: Prefix, last: Mark): Mark {
  const staleFor = between(entry.freshUntil, entry.staleUntil)
  const errorFor = between(entry.freshUntil, entry.errorUntil)
  const vouchedAt = between(entry.createdAt, entry.vouchedAt) === 0 ? undefined : entry.vouchedAt
  if (
    last.prefix === prefix &&
    last.seen === entry.seen &&
    last.staleFor === staleFor &&
    last.errorFor === errorFor &&
    last.vouchedAt === vouchedAt &&
    last.soft === entry.soft &&
    last.stamp === entry.stamp &&
    last.etag === entry.etag &&
    last.provisional === entry.provisional &&
    last.idleTtl === entry.idleTtl &&
    last.isolation === entry.isolation &&
    sameTags(last.tags, entry.tags)
  ) {
    return last
  }
  const { seen, soft, stamp, tags, slots, etag, provisional, idleTtl, isolation } = entry
  return {
    prefix,
    seen,
    staleFor,
    errorFor,
    vouchedAt,
    soft,
    stamp,
    tags,
    slots,
    etag,
    provisional,
    idleTtl,
    isolation,
  }
}

function sameTags(a: LocalEntry['tags'], b: LocalEntry['tags']): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    if (a[i]?.tag !== b[i]?.tag || a[i]?.generation !== b[i]?.generation) return false
  }
  return true
}
