import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const app = fileURLToPath(new URL('..', import.meta.url))
const node = ['--conditions=@tierstack/source', '--disable-warning=ExperimentalWarning', 'src/main.ts']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tierstack demo '))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function demo(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, [...node, ...args], {
    cwd: app,
    env: { ...env, DATABASE_URL: '', REDIS_URL: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

test(
  '--once prints the table and ends with 0, here on SQLite because the PATH has no Redis',
  { timeout: 120_000 },
  async () => {
    const { code, out, err } = await demo(['--once', '--seconds', '1', '--folder', folder], { PATH: '' })
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toContain('SQLite')
    expect(out).toMatch(/hit rate \d+\.\d %/)
    expect(out).toMatch(/country statistics/)
    expect(out).toMatch(
      / +again +hit; ttl=\d+ +hit; ttl=\d+\n.* edited +fwd=uri-miss; stored +hit; ttl=\d+\n/,
    )
    expect(out).toMatch(/edited by SQL alone +fwd=uri-miss; stored +hit; ttl=\d+\n/)
    expect(out).not.toContain('Serving at')
    expect(out).toMatch(/Page views of .+: 1, counted by write-behind/)
  },
)

test('a second demo on the same folder says so instead of destroying it', { timeout: 60_000 }, async () => {
  const { lockFolder } = await import('../src/database/folder-lock.ts')
  const release = lockFolder(folder)
  const { code, err } = await demo(['--once', '--folder', folder], { PATH: '' })
  release()
  expect([code, err]).toEqual([
    1,
    `Another demo uses ${folder}. Stop it, or start this one with --folder and another folder.\n`,
  ])
})

test('an unknown option is one sentence and exit code 2', { timeout: 60_000 }, async () => {
  const { code, err } = await demo(['--onec'], { PATH: '' })
  expect(code).toBe(2)
  expect(err).toBe(
    'Expected one of the options --once, --seconds, --port, --folder, --edge, --help, got `--onec`.\n',
  )
})
