// The whole way of a release, for real but for the registry, which runs on this computer: two rounds of
// `changeset version` (changelogs) and `changeset publish`, and what was published installs and runs in
// an empty project. Works in a temporary clone of the last commit, so that the checkout stays as it is.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { command } from './command.ts'
import { emptyProject } from './empty-project.ts'
import { startLocalRegistry } from './local-registry.ts'
import { publishedPackages, root } from './repository.ts'

const parent = mkdtempSync(join(tmpdir(), 'tierstack-release-'))
const clone = join(parent, 'a clone')
try {
  await using registry = await startLocalRegistry()
  const run = (program: string, ...words: string[]) =>
    command(program, words, { cwd: clone, env: registry.env })
  const changeset = (...words: string[]) => run('pnpm', 'exec', 'changeset', ...words)

  await command('git', ['clone', '--quiet', root, clone], { cwd: parent })
  await run('git', 'config', 'user.name', 'Release check')
  await run('git', 'config', 'user.email', 'release-check@example.invalid')
  // From the store of the checkout's own install, not through the registry that starts empty.
  await command('pnpm', ['install', '--frozen-lockfile', '--trust-lockfile', '--prefer-offline'], {
    cwd: clone,
  })
  say('cloned and installed')

  const first = await release('The round one of the release check.', 'minor')
  const second = await release('The round two of the release check.', 'patch')
  if (first === second) throw new Error(`Expected the second release to have another version than ${first}`)
  const again = await changeset('publish')
  if (!/no unpublished/i.test(again)) throw new Error(`Expected nothing left to publish, got: ${again}`)

  /** One changeset for one package; the fixed group takes all others along. Resolves to the version. */
  async function release(summary: string, bump: 'minor' | 'patch'): Promise<string> {
    writeFileSync(
      join(clone, '.changeset', 'release-check.md'),
      `---\n'@tierstack/cache-core': ${bump}\n---\n\n${summary}\n`,
    )
    await changeset('version')
    const packages = publishedPackages(clone)
    const versions = new Set(packages.map(({ version }) => version))
    const [version = ''] = versions
    if (versions.size !== 1)
      throw new Error(`Expected one version in the fixed group, got ${[...versions].join()}`)
    const changelog = readFileSync(join(clone, 'packages', 'core', 'CHANGELOG.md'), 'utf8')
    if (!changelog.includes(summary)) throw new Error(`Expected the changelog to say "${summary}"`)
    await run('git', 'add', '--all')
    await run('git', 'commit', '--quiet', '-m', `release ${version}`)
    await run('pnpm', 'build')
    await changeset('publish')
    const tags = await run('git', 'tag', '--points-at', 'HEAD')
    for (const { name } of packages) {
      if (!tags.includes(`${name}@${version}`))
        throw new Error(`Expected a tag ${name}@${version}, got ${tags}`)
    }
    say(`published ${packages.length} packages as ${version}`)

    using project = emptyProject({
      dependencies: Object.fromEntries(packages.map(({ name }) => [name, version])),
    })
    await project.npmInstall(registry.env)
    project.write('all.js', packages.map(({ name }) => `await import('${name}')\n`).join(''))
    await project.run('all.js')
    say(`installed and imported ${version}`)
    return version
  }
} finally {
  rmSync(parent, { recursive: true, force: true })
}

function say(what: string): void {
  process.stdout.write(`ok    ${what}\n`)
}
