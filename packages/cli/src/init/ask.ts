import * as clack from '@clack/prompts'
import { UsageError } from '../usage-error.ts'
import { tierNames } from './plan.ts'
import type { TierName } from './plan.ts'

/** What `init` was told, and asks for where it wasn't. */
export interface Answers {
  readonly namespace: string
  readonly tiers: readonly TierName[]
  readonly database: string | undefined
}

const namespaceShape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export function checkNamespace(given: string): string {
  if (namespaceShape.test(given)) return given
  throw new UsageError(
    `Expected --namespace to be letters, digits, dots, dashes and underscores, beginning with a letter or digit, got \`${given}\``,
  )
}

export function checkTiers(given: string): readonly TierName[] {
  const names = given.split(',').map((name) => name.trim())
  const strange = names.find((name) => !(tierNames as readonly string[]).includes(name))
  if (strange !== undefined || names.length === 0) {
    throw new UsageError(
      `Expected --tiers to be some of ${tierNames.join(', ')}, near to far, got \`${strange ?? given}\``,
    )
  }
  return tierNames.filter((name) => names.includes(name))
}

/** Asks in the terminal for what is missing. */
export async function ask(known: Partial<Answers>, guess: string): Promise<Answers> {
  clack.intro('Tierstack: a cache for this app')
  const namespace =
    known.namespace ??
    answered(
      await clack.text({
        message: 'Namespace, the root of all its keys',
        initialValue: guess,
        validate: (value) =>
          namespaceShape.test(value ?? '') ? undefined : 'Letters, digits, dots, dashes, underscores',
      }),
    )
  const tiers =
    known.tiers ??
    answered(
      await clack.multiselect({
        message: 'Tiers, near to far',
        options: tierNames.map((value) => ({ value, label: labels[value] })),
        initialValues: ['memory', 'redis'] as TierName[],
        required: true,
      }),
    )
  const database =
    known.database ??
    answered(
      await clack.text({
        message: 'PostgreSQL to look up tables in; empty: none',
        placeholder: 'postgres://user@localhost:5432/app',
        defaultValue: '',
      }),
    )
  return {
    namespace,
    tiers: tierNames.filter((name) => tiers.includes(name)),
    database: database || undefined,
  }
}

const labels: Readonly<Record<TierName, string>> = {
  memory: 'memory: this process',
  redis: 'Redis or Valkey: all processes',
  sqlite: 'SQLite: a file of this host',
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (clack.isCancel(answer)) throw new UsageError('Stopped; nothing was written')
  return answer as Exclude<T, symbol>
}
