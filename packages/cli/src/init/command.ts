import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Io } from '../terminal.ts'
import { Terminal } from '../terminal.ts'
import { ask, checkNamespace, checkTiers } from './ask.ts'
import type { Answers } from './ask.ts'
import { introspect } from './introspect.ts'
import type { Table } from './introspect.ts'
import { variableName } from './plan.ts'
import type { Plan } from './plan.ts'
import { filesOf, packagesOf, writeAll } from './scaffold.ts'

interface Flags {
  readonly root: string
  readonly dir: string
  readonly namespace?: string
  readonly tiers?: string
  readonly database?: string
  readonly table: readonly string[]
  readonly yes?: boolean
  readonly json?: boolean
}

export function addInit(program: Command, io: Io): void {
  program
    .command('init')
    .description('Set up a cache in an existing app: code, SQL, monitoring. Never overwrites a file')
    .option('--root <folder>', 'folder of the app', '.')
    .option('--dir <folder>', 'folder for the code, within it', 'src/cache')
    .option('--namespace <name>', "root of all the cache's keys (default: the name of the app)")
    .option('--tiers <names>', 'near to far, of memory, redis, sqlite (default: memory,redis)')
    .option('--database <url>', 'PostgreSQL to look up tables in (or DATABASE_URL)')
    .option('--table <name>', 'table to make definitions for, may be given again (default: all)', collect, [])
    .option('--yes', 'ask nothing')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  tierstack init --namespace shop --tiers memory,redis --database postgres://localhost/shop --table users --yes',
    )
    .action((flags: Flags) => init(flags, io))
}

async function init(flags: Flags, io: Io): Promise<void> {
  const root = resolve(flags.root)
  const answers = await answersOf(flags, root, io)
  const tables = answers.database === undefined ? [example] : await introspect(answers.database, flags.table)
  const plan: Plan = { ...answers, tables, feed: answers.database !== undefined }
  const written = writeAll(root, filesOf(plan, flags.dir))
  const packages = packagesOf(plan)
  const terminal = new Terminal(io, flags.json === true)
  terminal.show({ files: written, packages }, () => {
    terminal.table(
      ['file', ''],
      written.map(({ path, outcome }) => [
        path,
        outcome === 'written'
          ? terminal.paint('green', 'written')
          : terminal.paint('yellow', 'kept as it was'),
      ]),
    )
    terminal.line(`\nNow:\n  npm install ${packages.join(' ')}`)
    const names = tables.map((table) => `${variableName(table)}ByKey`)
    terminal.line(`  import { ${names.join(', ')} } from '${flags.dir}/definitions.ts'`)
    if (plan.feed)
      terminal.line(
        `  psql -f ${flags.dir}/change-feed.sql, as an administrator, and a restart of the server`,
      )
  })
}

/** What stands in for a table about which nothing is known. */
const example: Table = {
  schema: 'public',
  name: 'users',
  columns: [
    { name: 'id', type: 'number', nullable: false },
    { name: 'name', type: 'string', nullable: false },
  ],
  key: [{ name: 'id', type: 'number', nullable: false }],
}

async function answersOf(flags: Flags, root: string, io: Io): Promise<Answers> {
  const namespace = flags.namespace === undefined ? undefined : checkNamespace(flags.namespace)
  const tiers = flags.tiers === undefined ? undefined : checkTiers(flags.tiers)
  const database = flags.database ?? io.env['DATABASE_URL']
  const guess = nameOf(root)
  if (flags.yes === true || flags.json === true || !io.interactive) {
    return { namespace: namespace ?? guess, tiers: tiers ?? ['memory', 'redis'], database }
  }
  const known: Partial<Answers> = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(tiers === undefined ? {} : { tiers }),
    ...(database === undefined ? {} : { database }),
  }
  return await ask(known, guess)
}

/** The app's name, as far as a namespace may be called so. */
function nameOf(root: string): string {
  let name = basename(root)
  try {
    name = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name?: string }).name ?? name
  } catch {
    // An app without a manifest is called after its folder.
  }
  const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return plain.slice(0, 64) || 'app'
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
