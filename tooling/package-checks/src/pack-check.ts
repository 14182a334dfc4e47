// Packs every package as it would be published and uses each tarball as a stranger would: alone in an
// empty project, imported, required from CommonJS, type-checked, with its README's programs as pasted.
// Needs a build. `pnpm pack-check [name …]` checks only the packages named.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startPostgres, startRedis } from '@tierstack/test-services'

import { command } from './command.ts'
import { emptyProject } from './empty-project.ts'
import { readmeInstalls, readmePrograms, type ReadmeProgram } from './readme-programs.ts'
import { publishedPackages, root, type PublishedPackage } from './repository.ts'

const bin = (name: string) => join(import.meta.dirname, '..', 'node_modules', '.bin', name)
const failures: string[] = []

const only = process.argv.slice(2)
const packages = publishedPackages()
const chosen = packages.filter(({ name }) => only.length === 0 || only.some((word) => name.endsWith(word)))
const tarballs = mkdtempSync(join(tmpdir(), 'tierstack-tarballs-'))
const redis = await startRedis()
const database = await startPostgres({ settings: { wal_level: 'logical' } })
try {
  const tarballOf: Record<string, string> = {}
  for (const published of packages) tarballOf[published.name] = await pack(published)

  for (const published of chosen) {
    const tarball = tarballOf[published.name] ?? ''
    await check(`${published.name}: publint`, () =>
      command(bin('publint'), ['--strict', tarball], { cwd: root }),
    )
    await check(`${published.name}: types for every resolver`, () =>
      command(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], { cwd: root }),
    )
    await check(`${published.name}: alone, imported and required`, () => useAlone(published, tarballOf))
    const readme = join(published.folder, 'README.md')
    await check(`${published.name}: README`, () => runReadme(readme, tarballOf, published.name))
  }
  const readme = join(root, 'README.md')
  if (only.length === 0 && existsSync(readme)) await check('README.md', () => runReadme(readme, tarballOf))
} finally {
  await Promise.all([redis.stop(), database.stop()])
  rmSync(tarballs, { recursive: true, force: true })
}
if (failures.length > 0) {
  process.stderr.write(`\n${failures.length} package checks failed\n`)
  process.exitCode = 1
}

async function check(what: string, look: () => Promise<unknown>): Promise<void> {
  try {
    await look()
    process.stdout.write(`ok    ${what}\n`)
  } catch (error) {
    failures.push(what)
    process.stdout.write(`FAIL  ${what}\n${(error as Error).message.replace(/^/gm, '      ')}\n`)
  }
}

async function pack({ name, folder }: PublishedPackage): Promise<string> {
  const into = join(tarballs, name.replaceAll('/', '-'))
  await command('pnpm', ['pack', '--pack-destination', into], { cwd: folder })
  const file = readdirSync(into).find((entry) => entry.endsWith('.tgz'))
  if (file === undefined) throw new Error(`Expected pnpm to pack ${name} into ${into}`)
  return join(into, file)
}

async function useAlone({ name }: PublishedPackage, tarballOf: Record<string, string>): Promise<void> {
  using project = emptyProject(dependenciesOf([name], tarballOf))
  project.write(
    'imported.js',
    `import * as it from '${name}'\nconsole.log(Object.keys(it).toSorted().join())\n`,
  )
  project.write('required.cjs', `const it = require('${name}')\nconsole.log(Object.keys(it).sort().join())\n`)
  project.write(
    'types.ts',
    `import * as it from '${name}'\nexport const names: readonly string[] = Object.keys(it)\n`,
  )
  await project.npmInstall()
  const imported = await project.run('imported.js')
  const required = await project.run('required.cjs')
  if (imported !== required) throw new Error(`import gives ${imported}, require gives ${required}`)
  if (imported.trim() === '') throw new Error('Expected exports, found none')
  await project.typecheck(['types.ts'])
}

/** The first program of a README runs as pasted; all of them compile. */
async function runReadme(file: string, tarballOf: Record<string, string>, self?: string): Promise<void> {
  const markdown = readFileSync(file, 'utf8')
  const programs = readmePrograms(markdown)
  const [first] = programs
  if (first === undefined) throw new Error('Expected a program (a ts or js block with an import), found none')
  const [install, ...more] = readmeInstalls(markdown)
  if (install === undefined) throw new Error('Expected a line `npm i …`, found none')
  if (self !== undefined && !install.includes(self))
    throw new Error(`Expected the install line to name ${self}`)
  const unnamed = first.packages.filter((name) => !install.includes(name))
  if (unnamed.length > 0)
    throw new Error(`The first program imports ${unnamed.join()}, which the install line lacks`)

  using project = emptyProject(
    dependenciesOf([...install, ...more.flat(), ...programs.flatMap((it) => it.packages)], tarballOf),
  )
  for (const program of programs) project.write(nameOf(program), `${program.code}\nexport {}\n`)
  await project.npmInstall()
  await project.run(nameOf(first), {
    ...process.env,
    REDIS_URL: redis.url,
    DATABASE_URL: database.url,
  })
  // What else a program imports may declare what it likes; our own declarations are checked alone.
  await project.typecheck(programs.map(nameOf), { skipLibCheck: true })
}

function nameOf({ language, line }: ReadmeProgram): string {
  return `line-${line}.${language}`
}

function dependenciesOf(names: readonly string[], tarballOf: Record<string, string>) {
  const files = Object.fromEntries(
    Object.entries(tarballOf).map(([name, tarball]) => [name, `file:${tarball}`]),
  )
  const dependencies = Object.fromEntries(names.map((name) => [name, files[name] ?? 'latest']))
  // What is not published yet must come from its tarball also where a package depends on it.
  const overrides = Object.fromEntries(Object.entries(files).filter(([name]) => !(name in dependencies)))
  return { dependencies, overrides }
}
