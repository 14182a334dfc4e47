import { startPostgres } from '@tierstack/test-services'
import type { Plan } from './plans.ts'
import { runRound } from './round.ts'
import type { RoundResult } from './round.ts'
import type { Settings } from './settings.ts'
import { Source } from './source.ts'
import { addCounts } from './verdict.ts'

export interface PlanResult extends RoundResult {
  readonly plan: Plan
  readonly rounds: number
  /** Seed of the first round with a violation. */
  readonly failingSeed: number | undefined
}

/** What must be 0. `orphaned`, `silent`, `late` and `backwards` are reported, and broken promises they are not. */
export function violations(result: RoundResult): number {
  const { counts, permanent, lost, waiting, died } = result
  const { own, others, hard, wrong, errors } = counts
  return own + others + hard + wrong + errors + permanent + lost + waiting + died
}

/** Load and quiet of a round, apart from the fault: at least, at most. */
const shortestLoad = 700
const longestLoad = 4_000

/** Runs the plans one after the other, each as many rounds as its share of the time allows. */
export async function run(
  settings: Settings,
  told: (result: PlanResult) => void,
): Promise<readonly PlanResult[]> {
  const postgres = await startPostgres({ settings: { max_connections: '150' } })
  const source = new Source(postgres.url, settings.groups)
  const results: PlanResult[] = []
  try {
    for (const [index, plan] of settings.plans.entries()) {
      const result = await runPlan(settings, plan, index, source, postgres.url)
      results.push(result)
      told(result)
    }
  } finally {
    await source.close()
    await postgres.stop()
  }
  return results
}

async function runPlan(
  settings: Settings,
  plan: Plan,
  index: number,
  source: Source,
  database: string,
): Promise<PlanResult> {
  const share = settings.duration / settings.plans.length
  const rounds = Math.max(1, Math.round(share / (settings.faultMs + 2 * longestLoad)))
  const loadMs = Math.max(shortestLoad, (share / rounds - settings.faultMs) / 2)
  let sum: RoundResult | undefined
  let failingSeed: number | undefined
  for (let round = 0; round < rounds; round++) {
    // The first round of the only plan has the seed itself: so a failing one can be given again.
    const seed = settings.seed + index * 1_000 + round
    const result = await runRound(settings, plan, source, database, seed, loadMs)
    if (violations(result) > 0) failingSeed ??= seed
    sum = sum === undefined ? result : added(sum, result)
  }
  return { ...(sum as RoundResult), plan, rounds, failingSeed }
}

function added(a: RoundResult, b: RoundResult): RoundResult {
  const counters: Record<string, number> = { ...a.counters }
  for (const [name, count] of Object.entries(b.counters)) counters[name] = (counters[name] ?? 0) + count
  return {
    counts: addCounts(a.counts, b.counts),
    changes: a.changes + b.changes,
    promised: a.promised + b.promised,
    refused: a.refused + b.refused,
    loads: a.loads + b.loads,
    permanent: a.permanent + b.permanent,
    lost: a.lost + b.lost,
    orphaned: a.orphaned + b.orphaned,
    waiting: a.waiting + b.waiting,
    died: a.died + b.died,
    findings: [...a.findings, ...b.findings].slice(0, 40),
    counters,
  }
}
