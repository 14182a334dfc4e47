// The public names and types of every package, from its build (`pnpm build` first). A change of the API
// is a change of the files in __snapshots__: `pnpm api` writes them, a reviewer reads them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { snapshotApiPerEntry } from 'tsnapi/vitest'
import { describe, expect, test } from 'vitest'

const packages = new URL('../../../packages/', import.meta.url)

for (const folder of readdirSync(packages)) {
  const index = new URL(`${folder}/dist/index.d.ts`, packages)
  const built = existsSync(index)
  describe(`@tierstack/cache-${folder}`, () => {
    test('is built', () => expect(built, 'run `pnpm build` first').toBe(true))
    if (!built) return
    snapshotApiPerEntry(fileURLToPath(new URL(folder, packages)))
    // The snapshot of names stops at `export … from`: a changed signature shows only here.
    test('declares the types it declared', async () => {
      await expect(declarations(index)).toMatchFileSnapshot(`__snapshots__/types/cache-${folder}.d.ts`)
    })
  })
}

/** The declarations of the modules that an index takes its names from, without comments. */
function declarations(index: URL): string {
  const modules = [...readFileSync(index, 'utf8').matchAll(/\bfrom '(\.[^']+)\.ts'/g)].map(([, path]) =>
    String(path),
  )
  return [...new Set(modules)]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((path) => {
      const text = readFileSync(new URL(`${path}.d.ts`, index), 'utf8')
      return `// ${path}\n${text.replaceAll(/\/\*\*.*?\*\/|^\/\/#.*$/gms, '').replaceAll(/^\s*\n/gm, '')}`
    })
    .join('\n')
}
