import { readFileSync } from 'node:fs'
import tab from '@bomb.sh/tab/commander'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { CacheError } from '@tierstack/cache-core'
import { doctor } from './commands/doctor.ts'
import { leastRights } from './commands/least-rights.ts'
import { dump } from './commands/dump.ts'
import { explain } from './commands/explain.ts'
import { invalidate, purge } from './commands/removals.ts'
import type { InvalidateOptions } from './commands/removals.ts'
import { stats } from './commands/stats.ts'
import { statsOnRedis } from './commands/stats-on-redis.ts'
import { tail } from './commands/tail.ts'
import { top } from './commands/top.ts'
import { warm } from './commands/warm.ts'
import { openDesk } from './desk/choose.ts'
import type { DeskOptions } from './desk/choose.ts'
import type { Desk } from './desk/desk.ts'
import type { Severity } from './doctor/finding.ts'
import { addInit } from './init/command.ts'
import { Terminal } from './terminal.ts'
import type { Io } from './terminal.ts'
import { UsageError } from './usage-error.ts'

interface Common extends DeskOptions {
  readonly json?: boolean
}

/** Runs the command line. Resolves to the exit code: 0 done, 1 done but something is wrong, 2 not to be done. */
export async function run(words: readonly string[], io: Io): Promise<number> {
  let code = 0
  const program = programOf(io, (good) => {
    if (!good) code = 1
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (io.signal.aborted) return 130
    if (error instanceof UsageError || error instanceof CacheError) {
      io.err(`${error.message}\n`)
      return 2
    }
    throw error
  }
}

/** Options whose values a script may want to leave to the environment are told in their help. */
function withDesk(command: Command): Command {
  return command
    .option('--app <url>', 'admin endpoint of a running app (or TIERSTACK_ADMIN_URL)')
    .option('--token <token>', 'its token (better in TIERSTACK_ADMIN_TOKEN)')
    .option('--redis <url>', 'look into Redis instead, without the app')
    .option('--namespace <name>', "the cache's namespace there")
    .option('--prefix <prefix>', "the Redis tier's prefix (default: ts)")
    .option('--ca <file>', 'CA certificate for rediss://')
    .option('--json', 'print JSON')
}

function programOf(io: Io, done: (good: boolean) => void): Command {
  const program = new Command('tierstack')
    .description('Set up a cache in an app, find what is wrong with its servers, look into it while it runs.')
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showSuggestionAfterError()
    .showHelpAfterError('(see --help)')
  addInit(program, io)
  addDoctor(program, io, done)
  const desk = (name: string, description: string): Command =>
    withDesk(program.command(name).description(description))
  const at = async (options: Common, work: (desk: Desk, terminal: Terminal) => Promise<boolean | void>) => {
    await using open = await openDesk(options, io)
    done((await work(open, new Terminal(io, options.json === true))) !== false)
  }
  addViews(desk, at, io)
  addChanges(desk, at)
  tab(program)
  return program
}

type MakeDesk = (name: string, description: string) => Command
type AtDesk = (
  options: Common,
  work: (desk: Desk, terminal: Terminal) => Promise<boolean | void>,
) => Promise<void>

function addDoctor(program: Command, io: Io, done: (good: boolean) => void): void {
  program
    .command('doctor')
    .description('Check Redis, PostgreSQL and what the cache left in Redis; tell how to mend what is wrong')
    .option('--redis <url>', 'Redis to look at (or REDIS_URL)')
    .option('--ca <file>', 'CA certificate for rediss://')
    .option('--database <url>', 'PostgreSQL whose changes are followed (or DATABASE_URL)')
    .option('--namespace <name>', "the cache's namespace: look at what it keeps in Redis, too")
    .option('--prefix <prefix>', "the Redis tier's prefix", 'ts')
    .option('--slot <name>', 'replication slot of the change feed', 'tierstack')
    .option('--publication <name>', 'publication of the change feed', 'tierstack')
    .option('--sample <keys>', 'keys looked at', positive, 10_000)
    .option('--acl', "print the least rights that the cache's user of Redis needs, and look at nothing")
    .option('--tracking', "with --acl: for the tier's option `bus: 'tracking'`")
    .option('--cluster', 'with --acl: for a Cluster')
    .option('--write-queue', 'with --acl: for a `redisWriteQueue` as the same user')
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 from here on')
        .choices(['error', 'warning', 'note'])
        .default('error'),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  tierstack doctor --redis rediss://app:…@cache:6380 --namespace shop')
    .action(async (options: DoctorFlags) => {
      const { json = false, failOn, ca, acl, tracking, cluster, writeQueue, ...rest } = options
      if (acl === true) {
        leastRights({ prefix: options.prefix, tracking, cluster, writeQueue }, new Terminal(io, json))
        return
      }
      const redis = options.redis ?? io.env['REDIS_URL']
      const database = options.database ?? io.env['DATABASE_URL']
      if (redis === undefined && database === undefined) {
        throw new UsageError(
          'Expected --redis URL or --database URL (or REDIS_URL, DATABASE_URL), got neither',
        )
      }
      const certificate = ca === undefined ? undefined : readFileSync(ca, 'utf8')
      const terminal = new Terminal(io, json)
      done(await doctor({ ...rest, redis, database, ca: certificate }, failOn, terminal))
    })
}

interface DoctorFlags {
  readonly redis?: string
  readonly ca?: string
  readonly database?: string
  readonly namespace?: string
  readonly prefix: string
  readonly slot: string
  readonly publication: string
  readonly sample: number
  readonly failOn: Severity
  readonly json?: boolean
  readonly acl?: boolean
  readonly tracking?: boolean
  readonly cluster?: boolean
  readonly writeQueue?: boolean
}

function addViews(desk: MakeDesk, at: AtDesk, io: Io): void {
  desk('stats', 'Counters since the start of an app; with --redis, what is kept there by definition')
    .option('--sample <keys>', 'keys looked at with --redis', positive, 10_000)
    .action(async (options: Common & { readonly sample: number }) => {
      if (options.redis === undefined || options.app !== undefined) return await at(options, stats)
      const { redis: url, namespace, prefix = 'ts', ca, sample } = options
      if (namespace === undefined)
        throw new UsageError('Expected --namespace NAME together with --redis, got none')
      await statsOnRedis({ url, namespace, prefix, ca, sample }, new Terminal(io, options.json === true))
    })
  desk('top', 'What happens now: reads, hit rates, loads, hot keys')
    .option('--seconds <n>', 'length of each look, up to 10', positive, 1)
    .option('--once', 'one look')
    .action((options: Common & { readonly seconds: number; readonly once?: boolean }) =>
      at(options, (open, terminal) =>
        top(open, { seconds: options.seconds, once: options.once ?? !io.interactive }, terminal),
      ),
    )
  desk('explain', 'Where an entry is, and why it is fresh or not')
    .argument('<key>', 'full key (#def@1:n42), raw key, or the input of --definition')
    .option('--definition <name>', 'name of the definition, with @version')
    .action((key: string, options: Common & { readonly definition?: string }) =>
      at(options, (open, terminal) => explain(open, key, options, terminal)),
    )
  desk('dump', 'One entry: its instants, tags and the shape of its value')
    .argument('<key>', 'full key, raw key, or the input of --definition')
    .option('--definition <name>', 'name of the definition, with @version')
    .option('--values', 'with --redis: show what the value says')
    .action((key: string, options: Common & { readonly definition?: string }) =>
      at(options, (open, terminal) => dump(open, key, options, terminal)),
    )
  desk('tail', 'Events as they happen')
    .option('--events <names>', 'comma-separated, such as load,invalidate')
    .action((options: Common & { readonly events?: string }) =>
      at(options, (open, terminal) => tail(open, options.events?.split(','), terminal)),
    )
}

function addChanges(desk: MakeDesk, at: AtDesk): void {
  desk('invalidate', 'Remove entries by tag, in every tier and process')
    .argument('<names...>', 'tags, unless an option says otherwise')
    .option('--keys', 'the names are keys')
    .option('--definition <name>', 'the names are inputs of this definition')
    .option('--pattern', 'the name is a pattern such as user:42:*')
    .option('--soft', 'entries count as expired, but serve within swr and staleIfError')
    .action((names: readonly string[], options: Common & InvalidateOptions) =>
      at(options, (open, terminal) => invalidate(open, names, options, terminal)),
    )
  desk('purge', 'Remove all entries of a definition, or of the cache')
    .argument('[definition]', 'name of the definition')
    .option('--all', 'the whole namespace')
    .action((definition: string | undefined, options: Common & { readonly all?: boolean }) =>
      at({ ...options, definition }, (open, terminal) =>
        purge(
          open,
          { ...(definition === undefined ? {} : { definition }), all: options.all === true },
          terminal,
        ),
      ),
    )
  desk('warm', 'Have the app load what is not fresh')
    .argument('<definition>', 'name of the definition')
    .argument('<inputs...>', 'inputs, as JSON or text')
    .option('--concurrency <n>', 'loads at once', positive)
    .option('--rate <n>', 'loads per second', positive)
    .action(
      (
        definition: string,
        inputs: readonly string[],
        options: Common & { readonly concurrency?: number; readonly rate?: number },
      ) => {
        const { concurrency, rate } = options
        const limits = { ...(concurrency && { concurrency }), ...(rate && { rate }) }
        return at(options, (open, terminal) => warm(open, definition, inputs, limits, terminal))
      },
    )
}

function positive(text: string): number {
  const number = Number(text)
  if (number > 0 && Number.isFinite(number)) return number
  throw new InvalidArgumentError('Expected a number above 0.')
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
