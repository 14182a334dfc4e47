// Fails when the lockfile lacks the macOS, Windows or arm64 build of a native tool: pnpm leaves out
// optional packages that a registry does not have, without a word.
import { readFileSync } from 'node:fs'
import process from 'node:process'

const needed = {
  'linux x64': /linux.*x64|linux-64/,
  'linux arm64': /linux.*arm64/,
  'macOS arm64': /darwin.*arm64/,
  'macOS x64': /darwin.*(x64|64)/,
  'Windows x64': /(win32|windows).*(x64|64)/,
}

const lockfile = readFileSync(new URL('../pnpm-lock.yaml', import.meta.url), 'utf8')
const addresses = lockfile.match(/https?:\/\/\S+/g) ?? []
for (const address of addresses) process.stderr.write(`the lockfile holds an address: ${address}\n`)

let unportable = 0
for (const [tool, builds] of optionalBuilds(lockfile)) {
  if (!builds.some((name) => needed['linux x64'].test(name))) continue
  const missing = Object.entries(needed)
    .filter(([, pattern]) => !builds.some((name) => pattern.test(name)))
    .map(([platform]) => platform)
  if (missing.length === 0) continue
  unportable++
  process.stderr.write(`${tool}: no build for ${missing.join(', ')}\n`)
}
if (unportable + addresses.length > 0) process.exitCode = 1
else process.stdout.write('the lockfile has the builds of every platform and no addresses\n')

/** Package → its optional dependencies, from the section `snapshots` of the lockfile. */
function optionalBuilds(text) {
  const found = new Map()
  let current = ''
  let inOptional = false
  const snapshots = text.slice(text.indexOf('\nsnapshots:'))
  for (const line of snapshots.split('\n')) {
    const key = /^ {2}'?([^'\s].*?)'?:/.exec(line)?.[1]
    if (key !== undefined) current = key
    if (/^ {0,4}\S/.test(line)) inOptional = line.trim() === 'optionalDependencies:'
    const build = inOptional ? /^ {6}'?([^':]+)'?:/.exec(line)?.[1] : undefined
    if (build !== undefined) found.set(current, [...(found.get(current) ?? []), build])
  }
  return found
}
