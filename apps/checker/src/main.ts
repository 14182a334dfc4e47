import { run, violations } from './run.ts'
import type { PlanResult } from './run.ts'
import { parseSettings, usage } from './settings.ts'
import type { Settings } from './settings.ts'
import { table } from './table.ts'

const head = [
  'fault',
  'reads',
  'changes',
  'removals',
  'loads',
  'own',
  'other',
  'hard',
  'permanent',
  'lost',
  'wrong',
  'errors',
  '| silent',
  'late',
  'backwards',
  'orphaned',
  'worst ms',
]

function rowOf({
  plan,
  counts,
  changes,
  promised,
  loads,
  permanent,
  lost,
  orphaned,
}: PlanResult): (string | number)[] {
  const { reads, own, others, hard, wrong, errors, silent, late, backwards, worst } = counts
  return [
    plan.name,
    reads,
    changes,
    promised,
    loads,
    own,
    others,
    hard,
    permanent,
    lost,
    wrong,
    errors,
    silent,
    late,
    backwards,
    orphaned,
    Math.round(worst),
  ]
}

function tell(settings: Settings, results: readonly PlanResult[]): void {
  const total = results.reduce((sum, { counts }) => sum + counts.reads, 0)
  console.log(`\n${table(head, results.map(rowOf))}`)
  console.log(`\n${total.toLocaleString('en')} reads, seed ${settings.seed}`)
}

async function main(): Promise<void> {
  let settings: Settings
  try {
    settings = parseSettings(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exitCode = 2
    return
  }
  const { library, profile, processes, seed, without } = settings
  console.log(
    `${library}${without ? ` without ${without}` : ''}, ${profile}, ${processes} processes, seed ${seed}`,
  )
  const results = await run(settings, (result) => {
    const broken = violations(result)
    const { plan, rounds, counts, failingSeed } = result
    console.log(
      `${plan.name.padEnd(3)} ${plan.what}: ${rounds} rounds, ${counts.reads.toLocaleString('en')} reads, ${
        broken === 0
          ? 'nothing broken'
          : `${broken} BROKEN PROMISES; again with --faults ${plan.name} --seed ${failingSeed}`
      }`,
    )
    if (settings.verbose) console.log(`    ${JSON.stringify(result.counters)}`)
    if (settings.verbose || broken > 0) for (const finding of result.findings) console.log(`    ${finding}`)
  })
  tell(settings, results)
  if (results.some((result) => violations(result) > 0)) process.exitCode = 1
}

await main()
