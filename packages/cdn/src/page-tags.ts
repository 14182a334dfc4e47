import type { EntryRead } from '@tierstack/cache-core'
import type { TagRules } from './provider.ts'
import type { Wire, WireTags } from './wire-tags.ts'

/** The tags of one response, within an edge's limits. */
export interface PageTags {
  readonly names: readonly string[]
  readonly coarsened: boolean
}

function fits(rules: TagRules, names: ReadonlySet<string>, bytes: number): boolean {
  return names.size <= rules.maxTags && bytes + names.size - 1 <= rules.maxBytes
}

function bytesOf(names: ReadonlySet<string>): number {
  let bytes = 0
  for (const name of names) bytes += name.length
  return bytes
}

/**
 * What a page made of these reads has to carry. Over the limits, the names of the largest group give way to one that
 * stands for all of them, then those of the next: a tag that was cut would be a page that can never be purged.
 */
export function pageTags(
  wires: (namespace: string) => WireTags,
  reads: readonly EntryRead[],
  rules: TagRules,
): PageTags {
  const names = new Set<string>()
  let tags: WireTags | undefined
  let namespace: string | undefined
  for (const read of reads) {
    if (read.namespace !== namespace || tags === undefined) {
      namespace = read.namespace
      tags = wires(namespace)
      names.add(tags.all)
    }
    add(names, tags.key(read.key))
    for (const tag of read.tags) add(names, tags.tag(tag))
  }
  if (fits(rules, names, bytesOf(names))) return { names: [...names], coarsened: false }
  return { names: coarser(wires, reads, rules), coarsened: true }
}

function add(names: Set<string>, wire: Wire): void {
  names.add(wire.name)
  if (wire.group !== undefined) names.add(wire.group)
}

function coarser(
  wires: (namespace: string) => WireTags,
  reads: readonly EntryRead[],
  rules: TagRules,
): readonly string[] {
  const always = new Set<string>()
  const last = new Set<string>()
  const members = new Map<string, Set<string>>()
  for (const { namespace, key, tags } of reads) {
    const own = wires(namespace)
    always.add(own.all)
    last.add(own.all).add(own.overflowAll)
    for (const wire of [own.key(key), ...tags.map((tag) => own.tag(tag))]) {
      if (wire.group !== undefined) always.add(wire.group)
      const group = members.get(wire.overflow)
      if (group === undefined) members.set(wire.overflow, new Set([wire.name]))
      else group.add(wire.name)
    }
  }
  const groups = [...members].toSorted(([, a], [, b]) => b.size - a.size)
  const names = new Set(always)
  for (const [, group] of groups) for (const name of group) names.add(name)
  for (const [overflow, group] of groups) {
    if (group.size < 2) break
    for (const name of group) if (!always.has(name)) names.delete(name)
    names.add(overflow)
    if (fits(rules, names, bytesOf(names))) return [...names]
  }
  return [...last]
}
