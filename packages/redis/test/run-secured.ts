import { fileURLToPath } from 'node:url'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates, prepareSecuredRun } from '@tierstack/test-services'
import { requiredAcl } from '../src/index.ts'

/*
 * pnpm --filter @tierstack/cache-redis test:secured [beginning of a file's name…]
 *
 * The integration tests of this package on servers that speak TLS only, as a user that may do no more than
 * `requiredAcl` says.
 */
const place = mkdtempSync(join(tmpdir(), 'tierstack-secured-'))
try {
  const secured = prepareSecuredRun(place, {
    tls: makeCertificates(),
    // The server that all files share serves those with `bus: 'tracking'` too.
    rights: requiredAcl({ bus: 'tracking' }).rules,
  })
  const files = process.argv.slice(2)
  const folder = 'packages/redis/test/integration/'
  const chosen = files.length === 0 ? [folder] : files.map((file) => folder + file)
  const { status } = spawnSync('pnpm', ['exec', 'vitest', 'run', '--project', 'integration', ...chosen], {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    stdio: 'inherit',
    env: { ...process.env, ...secured, TEST_REDIS_URL: '' },
  })
  process.exitCode = status ?? 1
} finally {
  rmSync(place, { recursive: true, force: true })
}
