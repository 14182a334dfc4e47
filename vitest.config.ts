import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Tests run on the TypeScript sources of every workspace package, so that no build can be stale.
const conditions = ['@tierstack/source', 'module', 'node', 'development|production']
const fromSource = { resolve: { conditions }, ssr: { resolve: { conditions } } }

/** One project per package or app with unit tests, named as its folder's package is. */
function unitProjects(parent: string, prefix: string) {
  return readdirSync(new URL(parent, import.meta.url))
    .filter((folder) => existsSync(new URL(`${parent}/${folder}/package.json`, import.meta.url)))
    .map((folder) => ({
      extends: true as const,
      ...fromSource,
      test: {
        name: `${prefix}${folder}`,
        root: `${parent}/${folder}`,
        include: ['test/**/*.test.ts'],
        exclude: ['test/integration/**'],
      },
    }))
}

export default defineConfig({
  test: {
    passWithNoTests: true,
    // A busy machine is slow, not wrong.
    testTimeout: 60_000,
    // Integration tests mostly wait, for servers and their deadlines.
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text', 'json-summary'],
    },
    projects: [
      ...unitProjects('packages', 'cache-'),
      ...unitProjects('apps', 'app-'),
      ...unitProjects('tooling', 'tooling-'),
      {
        extends: true,
        ...fromSource,
        test: {
          name: 'integration',
          include: ['{packages,apps,tooling}/*/test/integration/**/*.test.ts'],
          globalSetup: ['tooling/test-services/src/vitest.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Real servers and their real deadlines: on a machine that schedules nobody for a while, one may be missed.
          // A test that needs its second try is reported as flaky, and is worth a look.
          retry: 1,
        },
      },
    ],
  },
})
