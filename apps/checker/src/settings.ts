import { parseArgs } from 'node:util'
import { plans } from './plans.ts'
import type { Plan } from './plans.ts'
import { profiles } from './servers.ts'
import type { Profile } from './servers.ts'
import { protections } from './weaken.ts'
import type { Protection } from './weaken.ts'
import { libraries } from './worker-protocol.ts'
import type { Library } from './worker-protocol.ts'

export interface Settings {
  readonly library: Library
  readonly profile: Profile
  readonly without: Protection | undefined
  readonly plans: readonly Plan[]
  /** Ms of load over all plans. */
  readonly duration: number
  readonly processes: number
  readonly seed: number
  readonly keys: number
  readonly groups: number
  readonly hotReads: number
  readonly changes: number
  readonly faultMs: number
  /** Bound for other processes' memory on a healthy bus, ms. */
  readonly bound: number
  readonly verbose: boolean
  readonly trace: boolean
}

export const usage = `Usage: pnpm checker [options]
  --minutes N | --seconds N   load, spread over the fault plans (default: 1 minute)
  --faults all|a,b1,…         ${plans.map(({ name, what }) => `${name}: ${what}`).join('\n                              ')}
  --seed S                    replays the operations of an earlier run
  --library                   ${libraries.join(', ')}
  --processes N               application processes (default 4)
  --profile                   ${profiles.join(', ')}
  --without                   switches a protection off: ${protections.join(', ')}
  --reads N                   reads of the memory per second and process (default 60000)
  --changes N                 changes of the source per second and process (default 20)
  --bound MS                  other processes' memory on a healthy bus (default 50): a shared machine delays
                              messages by itself
  --keys N                    rows of the source (default 100)
  --verbose                   what was found, and counters
  --trace                     what happened to a key lately, with each finding`

function oneOf<T extends string>(
  what: string,
  given: string | undefined,
  known: readonly T[],
): T | undefined {
  if (given === undefined || known.includes(given as T)) return given as T | undefined
  throw new Error(`Expected --${what} to be one of ${known.join(', ')}, got ${given}`)
}

function number(what: string, given: string | undefined, otherwise: number): number {
  const value = given === undefined ? otherwise : Number(given)
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`Expected --${what} to be a positive number, got ${given}`)
}

export function parseSettings(args: readonly string[]): Settings {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: text,
      seconds: text,
      faults: text,
      seed: text,
      library: text,
      processes: text,
      profile: text,
      without: text,
      reads: text,
      changes: text,
      bound: text,
      keys: text,
      verbose: { type: 'boolean' },
      trace: { type: 'boolean' },
    },
  })
  const profile = oneOf('profile', values.profile, profiles) ?? 'standalone'
  const possible = plans.filter((plan) => plan.profiles.includes(profile))
  const wanted = values.faults ?? 'all'
  const chosen =
    wanted === 'all'
      ? possible
      : wanted.split(',').map((name) => {
          const plan = possible.find((one) => one.name === name)
          if (plan === undefined) {
            throw new Error(
              `Expected --faults of ${possible.map((one) => one.name).join(', ')} with ${profile}, got ${name}`,
            )
          }
          return plan
        })
  return {
    library: oneOf('library', values.library, libraries) ?? 'ours',
    profile,
    without: oneOf('without', values.without, protections),
    plans: chosen,
    duration: values.seconds
      ? number('seconds', values.seconds, 60) * 1_000
      : number('minutes', values.minutes, 1) * 60_000,
    processes: number('processes', values.processes, 4),
    seed: number('seed', values.seed, 1 + Math.floor(Math.random() * 1e6)),
    keys: number('keys', values.keys, 100),
    groups: 10,
    hotReads: number('reads', values.reads, 60_000),
    changes: number('changes', values.changes, 20),
    faultMs: 1_500,
    bound: number('bound', values.bound, 50),
    verbose: values.verbose ?? false,
    trace: values.trace ?? false,
  }
}
