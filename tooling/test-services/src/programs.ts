import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { answers } from './local-machine.ts'

/** The oldest Redis that knows `SET … NX GET`. */
const REDIS_AT_LEAST = 7

/** The server program of Redis 7 or newer, or of Valkey, on this computer. */
export function findRedisServer(): string | undefined {
  return ['redis-server', 'valkey-server'].find((program) => {
    const major = /v=(\d+)\./.exec(answers(program, ['--version']) ?? '')?.[1]
    return major !== undefined && Number(major) >= REDIS_AT_LEAST
  })
}

/** The folder of `initdb` and `postgres` on this computer; Debian keeps them off the PATH. */
export function findPostgresPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const newestFirst = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...(process.env['PATH'] ?? '').split(':'),
    ...newestFirst.map((version) => join(debian, version, 'bin')),
  ]
  const found = folders.find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
  // Where only these two were linked to, the others are beside what the links lead to.
  return found && dirname(realpathSync(join(found, 'initdb')))
}

/** Whether Prometheus and its `promtool` are on this computer. */
export function hasPrometheus(): boolean {
  return ['prometheus', 'promtool'].every((program) => answers(program, ['--version']) !== undefined)
}

/** The program of Chromium, or of Chrome, on this computer. */
export function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']
  return names.find((program) => answers(program, ['--version', '--no-sandbox']) !== undefined)
}

let aptUpdated = false

/** Installs a Debian package; false where that is not ours to do. */
export function aptInstall(name: string): boolean {
  if (process.getuid?.() !== 0 || answers('apt-get', ['--version']) === undefined) return false
  process.stderr.write(`[services] installing ${name} with apt-get\n`)
  if (!aptUpdated) aptUpdated = apt('update')
  return apt('install', '--yes', '--no-install-recommends', name)
}

function apt(...args: string[]): boolean {
  const { status } = spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // RUNLEVEL=1 keeps the package from starting a server of its own.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
  return status === 0
}
