import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Makes the folder this process' own, because PGlite doesn't notice a second process in its files and both would
 * destroy them. The lock is SQLite's: the operating system drops it however the process ends. Returns its release.
 */
export function lockFolder(folder: string): () => void {
  const file = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    file.exec('begin exclusive')
  } catch {
    file.close()
    throw new Error(
      `Another demo uses ${folder}. Stop it, or start this one with --folder and another folder.`,
    )
  }
  return () => file.close()
}
