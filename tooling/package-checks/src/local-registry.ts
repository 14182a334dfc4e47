import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { freePort, until } from '@tierstack/test-services'

import { command } from './command.ts'

/** A registry on 127.0.0.1 that holds only our packages and hands everything else through. */
export interface LocalRegistry extends AsyncDisposable {
  url: string
  /** The environment in which npm and pnpm install from it and publish to it. */
  env: NodeJS.ProcessEnv
}

export async function startLocalRegistry(): Promise<LocalRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'tierstack-registry-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  const upstream = (await command('npm', ['config', 'get', 'registry'], { cwd: folder }))
    .trim()
    .split('\n')
    .at(-1)
  const configuration = join(folder, 'verdaccio.json')
  writeFileSync(
    configuration,
    JSON.stringify({
      storage: join(folder, 'storage'),
      uplinks: { upstream: { url: upstream } },
      packages: {
        // No way through: what is installed must have been published here.
        '@tierstack/*': { access: '$all', publish: '$all' },
        '**': { access: '$all', proxy: 'upstream' },
      },
      auth: {},
      log: { type: 'stdout', format: 'pretty', level: 'warn' },
    }),
  )
  // Publishing wants a token, whatever it says.
  const npmrc = join(folder, 'npmrc')
  writeFileSync(npmrc, `registry=${url}\n//127.0.0.1:${port}/:_authToken=anyone\n`)

  const server = spawn(
    process.execPath,
    [verdaccioProgram(), '--config', configuration, '--listen', `127.0.0.1:${port}`],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output += chunk))
  const killed = () => server.kill('SIGKILL')
  process.once('exit', killed)
  await until('the registry', async () => (await fetch(`${url}-/ping`)).ok, { detail: async () => output })

  return {
    url,
    env: {
      ...withoutNpmSettings(),
      npm_config_userconfig: npmrc,
      NPM_CONFIG_USERCONFIG: npmrc,
      npm_config_registry: url,
      // A cache of its own: a version published here must not be taken for a real one later.
      npm_config_cache: join(folder, 'npm-cache'),
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', killed)
      const ended = new Promise((resolve) => server.once('exit', resolve))
      killed()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function verdaccioProgram(): string {
  const require = createRequire(import.meta.url)
  const manifest = require.resolve('verdaccio/package.json')
  const { bin } = require(manifest) as { bin: string }
  return join(dirname(manifest), bin)
}

/** Started by npm or pnpm, we inherit their settings, the real registry among them. */
function withoutNpmSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)))
}
