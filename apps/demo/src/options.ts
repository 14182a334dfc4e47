import { fileURLToPath } from 'node:url'

const edgeKinds = ['embedded', 'varnish', 'none'] as const
export type EdgeKind = (typeof edgeKinds)[number]

export interface DemoOptions {
  /** End after the table instead of serving on. */
  readonly once: boolean
  /** How long the load drives the cache, in seconds. */
  readonly seconds: number
  /** Undefined: the usual port, or any free one when that is taken. */
  readonly port: number | undefined
  /** Where the embedded database keeps its files. */
  readonly folder: string
  /** What stands in front of the service. */
  readonly edge: EdgeKind
  readonly help: boolean
}

export const usage = `npm run demo -- [options]

  --once            end after the table; so without a terminal
  --seconds N       how long the load drives the cache (default 5)
  --port N          where to serve (default 4321, or a free port)
  --folder FOLDER   where the embedded database keeps its files
  --edge EDGE       what stands in front: embedded (default), varnish or none
  --help            this text

  DATABASE_URL      a PostgreSQL to use instead of the embedded one
  REDIS_URL         a Redis to use as the second tier
  ADMIN_TOKEN       token of /live and /-/cache, at least 16 characters (default: one for each run)
`

/** Wrong input from the command line, in one sentence for people. */
export class UsageError extends Error {}

const known = ['--once', '--seconds', '--port', '--folder', '--edge', '--help']

function numberBetween(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (text.trim() !== '' && number >= least && number <= most) return number
  throw new UsageError(`Expected \`${name}\` to be a number from ${least} to ${most}, got \`${text}\`.`)
}

function portNumber(text: string): number {
  const port = numberBetween('--port', text, 0, 65_535)
  if (Number.isInteger(port)) return port
  throw new UsageError(`Expected \`--port\` to be a whole number, got \`${text}\`.`)
}

function edgeKind(text: string): EdgeKind {
  const kind = edgeKinds.find((one) => one === text)
  if (kind !== undefined) return kind
  throw new UsageError(`Expected \`--edge\` to be one of ${edgeKinds.join(', ')}, got \`${text}\`.`)
}

/** Reads `--name value`, `--name=value` and `--flag`. Throws a `UsageError` for anything else. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const options: { -readonly [K in keyof DemoOptions]: DemoOptions[K] } = {
    once: false,
    seconds: 5,
    port: undefined,
    folder: fileURLToPath(new URL('../.data', import.meta.url)),
    edge: 'embedded',
    help: false,
  }
  const rest = args.filter((arg, i) => !(i === 0 && arg === '--'))
  for (let i = 0; i < rest.length; i++) {
    const [name = '', inline] = (rest[i] ?? '').split(/=(.*)/s)
    const flag = (): true => {
      if (inline === undefined) return true
      throw new UsageError(`Expected \`${name}\` to stand alone, got \`${rest[i]}\`.`)
    }
    const value = (): string => {
      const text = inline ?? rest[++i]
      if (text === undefined || text === '')
        throw new UsageError(`Expected a value after \`${name}\`, got none.`)
      return text
    }
    if (name === '--once') options.once = flag()
    else if (name === '--help') options.help = flag()
    else if (name === '--seconds') options.seconds = numberBetween(name, value(), 0.2, 3_600)
    else if (name === '--port') options.port = portNumber(value())
    else if (name === '--folder') options.folder = value()
    else if (name === '--edge') options.edge = edgeKind(value())
    else throw new UsageError(`Expected one of the options ${known.join(', ')}, got \`${name}\`.`)
  }
  return options
}
