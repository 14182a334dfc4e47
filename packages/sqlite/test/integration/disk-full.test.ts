import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { newPath } from '../rig.ts'

const script = fileURLToPath(new URL('disk-full.ts', import.meta.url))
const flags = '--conditions=@tierstack/source --disable-warning=ExperimentalWarning'

test('on a full disk writes are refused in one sentence, hits go on, and misses load without storing', async () => {
  const path = newPath()
  // 2,000 blocks of 512 or 1,024 bytes, by shell.
  const command = `ulimit -f 2000 && exec "$0" ${flags} "$1" "$2"`
  const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, script, path])
  const answer = JSON.parse(stdout) as Record<string, unknown>
  expect(answer).toEqual({
    stored: true,
    refused: expect.stringContaining('it can not be written (disk full, or no permission)') as string,
    removal: expect.stringContaining('it can not be written (disk full, or no permission)') as string,
    hit: 'hit',
    miss: 'blocked',
    warnings: ['sqlite-unwritable'],
    lost: 0,
    hello: 'none',
  })
})
