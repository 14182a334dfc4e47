#!/usr/bin/env node
// The way in for a machine with nothing but git and Node 18 or newer with npm:
//
//   node tooling/run.mjs demo [args]      install what the demo needs, and run it
//   node tooling/run.mjs test [args]      install everything, build, run all tests
//   node tooling/run.mjs <script> [args]  install everything, run a script of package.json
//
// A supported Node and the pinned pnpm come as packages of the npm registry into .tools/ when they are
// missing; nothing is installed globally. This file has no dependencies and must run on Node 18.
//
// package.json starts it with `exec`, so that no shell stands between npm and this process: a shell keeps
// signals to itself. Windows has no `exec`; there the file exec.cmd of the top level answers to the name.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tools = join(root, '.tools')
const windows = process.platform === 'win32'
const { config, packageManager } = readJson(join(root, 'package.json'))

// Node from the registry has a list of authorities of its own; trust the machine's as well.
const env = {
  ...process.env,
  NODE_USE_SYSTEM_CA: process.env.NODE_USE_SYSTEM_CA ?? '1',
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
}

const [job, ...args] = process.argv.slice(2)
if (job === undefined) stop('Expected a job: demo, test, or a script of package.json, got none.')

const { node, pnpm } = bringTools()
env.PATH = [dirname(node), dirname(pnpm), process.env.PATH].join(delimiter)

if (job === 'demo') {
  install('demo')
  await replaceBy(node, [
    '--conditions=@tierstack/source',
    '--disable-warning=ExperimentalWarning',
    join(root, 'apps', 'demo', 'src', 'main.ts'),
    ...args,
  ])
} else if (job === 'test') {
  install('all')
  say('building')
  const built = spawnSync(pnpm, ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (built.status !== 0) {
    process.stderr.write(built.stdout)
    process.exit(built.status ?? 1)
  }
  say('testing')
  await replaceBy(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...args])
} else {
  install('all')
  await replaceBy(pnpm, ['run', job, ...args])
}

/** Finds a supported Node and the pinned pnpm, or fetches them into .tools/. */
function bringTools() {
  const wanted = {}
  let nodeProgram = process.execPath
  if (!isSupported(process.versions.node)) {
    const name = nodePackage()
    wanted[name] = config.bootstrapNode
    nodeProgram = join(fetched(name), 'bin', windows ? 'node.exe' : 'node')
  }
  const name = pnpmPackage()
  wanted[name] = packageManager.split('@')[1].split('+')[0]

  const missing = Object.entries(wanted).filter(
    ([tool, version]) => readJson(join(fetched(tool), 'package.json'))?.version !== version,
  )
  if (missing.length > 0) {
    const specs = missing.map((entry) => entry.join('@')).join(' and ')
    if (nodeProgram !== process.execPath) say(`Node ${process.versions.node} is too old here`)
    say(`fetching ${specs} into .tools/`)
    mkdirSync(tools, { recursive: true })
    // All of the wanted are named: npm removes what is not.
    writeFileSync(join(tools, 'package.json'), JSON.stringify({ private: true, dependencies: wanted }))
    const code = npm('install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund')
    if (code !== 0) {
      stop(
        `npm could not fetch ${specs}: check the network, a proxy, and the registry that \`npm config get registry\` names, then run the same command again.`,
      )
    }
  }
  return { node: nodeProgram, pnpm: join(fetched(name), windows ? 'pnpm.exe' : 'pnpm') }
}

function fetched(name) {
  return join(tools, 'node_modules', ...name.split('/'))
}

/** The releases that every tool of this repository runs on. */
function isSupported(version) {
  const [major, minor] = version.split('.').map(Number)
  return (major === 22 && minor >= 19) || (major === 24 && minor >= 11) || major >= 26
}

/** The package with the Node binary inside; the package `node` would fetch it in an install script. */
function nodePackage() {
  const system = windows ? 'win' : process.platform
  const prefix = system === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'
  return `${prefix}-${system}-${process.arch}`
}

function pnpmPackage() {
  const musl = process.platform === 'linux' && !process.report?.getReport().header.glibcVersionRuntime
  return `@pnpm/exe.${process.platform}-${process.arch}${musl ? '-musl' : ''}`
}

function npm(...words) {
  const options = [
    ...words,
    '--prefix',
    tools,
    '--loglevel=error',
    '--no-update-notifier',
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=5000',
  ]
  // Started by npm, we know its program; else the shell must find it.
  const program = process.env.npm_execpath
  const { status } = /npm-cli\.[cm]?js$/.test(program ?? '')
    ? spawnSync(process.execPath, [program, ...options], { cwd: tools, env, stdio: 'inherit' })
    : spawnSync('npm', options, { cwd: tools, env, stdio: 'inherit', shell: windows })
  return status ?? 1
}

/**
 * Installs the dependencies when the lockfile is not the one of the last install. A demo-only install
 * leaves the rest out, so the stamp says which of both it was; a full one serves the demo as well. Development
 * dependencies are in it: what a package expects of its user is found there.
 */
function install(wantedScope) {
  const stamp = join(root, 'node_modules', '.tierstack-install.json')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .update(packageManager)
    .digest('hex')
  const last = readJson(stamp)
  const byHand = last === undefined && existsSync(join(root, 'node_modules', '.modules.yaml'))
  const scope = wantedScope === 'all' || last?.scope === 'all' || byHand ? 'all' : 'demo'
  if (last?.lock === lock && last.scope === scope) return

  say(scope === 'all' ? 'installing dependencies' : 'installing what the demo needs')
  mkdirSync(dirname(stamp), { recursive: true })
  // Interrupted, the next run must know what this one was about to do.
  writeFileSync(stamp, JSON.stringify({ scope, lock: 'unfinished' }))
  const filter = scope === 'demo' ? ['--filter-prod', '@tierstack/demo...'] : []
  const { status, stdout, stderr } = spawnSync(
    pnpm,
    [
      ...filter,
      'install',
      '--frozen-lockfile',
      '--trust-lockfile',
      '--reporter=append-only',
      '--config.confirm-modules-purge=false',
    ],
    { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' },
  )
  if (status !== 0) {
    process.stderr.write(stdout + stderr)
    stop('pnpm could not install the dependencies: it says why above.', status ?? 1)
  }
  writeFileSync(stamp, JSON.stringify({ scope, lock }))
}

/** Runs the program as if it were this one: same terminal, same signals, same exit code. */
function replaceBy(program, words) {
  return new Promise(() => {
    // A terminal sends its Ctrl-C to the whole group, and npm sends us a second one. In a group of its
    // own the child hears of it from us alone, and once: two would mean "stop at once" to it.
    const child = spawn(program, words, { cwd: root, env, stdio: 'inherit', detached: !windows })
    let last = Number.NEGATIVE_INFINITY
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        const sameOne = performance.now() - last < 300
        last = performance.now()
        if (!sameOne) child.kill(signal)
      })
    }
    child.once('error', (error) => stop(`${program} could not be started: ${error.message}`))
    child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function say(what) {
  process.stderr.write(`[tierstack] ${what}\n`)
}

function stop(why, code = 1) {
  process.stderr.write(`\n[tierstack] ${why}\n`)
  process.exit(code)
}
