import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The installed version of a package, also of one that doesn't export its manifest. */
export function versionOf(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.resolve(name)))
  for (;;) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        name?: string
        version?: string
      }
      if (manifest.name === name && manifest.version !== undefined) return manifest.version
    } catch {
      // Not here: one folder up.
    }
    const parent = dirname(folder)
    if (parent === folder) throw new Error(`Expected \`${name}\` to be installed, found no manifest of it`)
    folder = parent
  }
}
