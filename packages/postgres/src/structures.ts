import type { FollowedTable } from './tables.ts'
import { tableName } from './tags.ts'

interface Seen {
  readonly structure: string
  readonly files: ReadonlyMap<string, string>
}

/** How long (ms) one that stands by has to tell what the one that followed may not have told any more. */
const recent = 60_000

/**
 * What tables were when they were last looked at: the log tells neither of another table under the same name, nor of
 * partitions that are attached, emptied, detached or dropped by themselves.
 */
export class Structures {
  readonly #seen = new Map<string, Seen>()
  #changed: { readonly table: FollowedTable; readonly at: number }[] = []

  look(tables: readonly FollowedTable[]): void {
    const at = performance.now()
    this.#changed = this.#changed.filter((one) => at - one.at < recent)
    for (const table of tables) {
      const name = tableName(table.schema, table.table)
      const seen = this.#seen.get(name)
      const files = new Map(table.leaves.map(({ id, file }) => [id, file]))
      this.#seen.set(name, { structure: table.structure, files })
      if (seen && isOther(seen, table, files)) this.#changed.push({ table, at })
    }
  }

  /** Those that changed and weren't told yet. */
  take(): FollowedTable[] {
    const tables = this.#changed.map(({ table }) => table)
    this.#changed = []
    return tables
  }
}

function isOther(seen: Seen, table: FollowedTable, files: ReadonlyMap<string, string>): boolean {
  if (seen.structure !== table.structure) return true
  for (const [id, file] of seen.files) if (files.get(id) !== file) return true
  // One that was made to be filled later brings nothing along.
  return table.leaves.some(({ id, empty }) => !empty && !seen.files.has(id))
}
