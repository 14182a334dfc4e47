import type { Change, ChangeBatch, SourceFinding } from './change-source.ts'
import type { ChangeFeedOptions, Removes } from './feed-options.ts'
import type { TagsAndKeys } from './removal-queue.ts'
import { anyRowTag, tableName, tableTag, tagsOfChange } from './tags.ts'

/** What a batch of changes removes: tags and keys, or everything. */
export function removalOf(
  batch: ChangeBatch,
  { map = {}, wholeTable }: Pick<ChangeFeedOptions, 'map' | 'wholeTable'>,
  warn: (finding: SourceFinding) => void,
): TagsAndKeys | 'all' {
  const tags = new Set<string>()
  for (const { schema, table } of batch.wholeTables) {
    const name = tableName(schema, table)
    // Entries tagged by single rows don't say which table they are of, nor can `map` tell without a row.
    if (wholeTable !== 'tags' || Object.hasOwn(map, name)) return 'all'
    tags.add(tableTag(name)).add(anyRowTag(name))
  }
  const keys = new Set<string>()
  for (const change of batch.changes) {
    for (const tag of tagsOfChange(change)) tags.add(tag)
    const table = tableName(change.schema, change.table)
    const own = Object.hasOwn(map, table) ? map[table] : undefined
    if (own === undefined) continue
    try {
      const removes = (own as (change: Change) => Removes)(change)
      const more = 'length' in removes ? { tags: removes } : removes
      for (const tag of more.tags ?? []) tags.add(tag)
      for (const key of more.keys ?? []) keys.add(key)
    } catch (error) {
      warn({
        check: 'map',
        found: `\`map.${table}\` threw ${String(error)}`,
        fix: 'return tags for every change that it may be given; the cache was cleared instead',
      })
      return 'all'
    }
  }
  return { tags: [...tags], keys: [...keys] }
}
