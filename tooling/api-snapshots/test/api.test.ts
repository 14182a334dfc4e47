// The public names and types of every package, from its build (`pnpm build` first). A change of the API
// is a change of the files in __snapshots__: `pnpm api` writes them, a reviewer reads them.
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { snapshotApiPerEntry } from 'tsnapi/vitest'
import { describe, expect, test } from 'vitest'

const packages = new URL('../../../packages/', import.meta.url)

for (const folder of readdirSync(packages)) {
  const built = existsSync(new URL(`${folder}/dist/index.d.ts`, packages))
  describe(`@tierstack/cache-${folder}`, () => {
    test('is built', () => expect(built, 'run `pnpm build` first').toBe(true))
    if (built) snapshotApiPerEntry(fileURLToPath(new URL(folder, packages)))
  })
}
