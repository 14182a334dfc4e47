import { ContestantProcesses } from './contestant.ts'
import { Results } from './results.ts'
import type { Sample } from './sample.ts'
import type { Level, Scenario } from './scenario.ts'

/** Contestants that get ready at the same time. More, and their own time limits would pass. */
const together = 2

export interface Progress {
  /** 0…1 */
  readonly done: number
  readonly doing: string
}

/** Rounds that are counted however long they take. */
const fewestRounds: Readonly<Record<Level, number>> = { trial: 1, quick: 1, full: 3 }

/**
 * Plays a scenario: in every round each contestant in turn, in another order each time. The first round only warms
 * up, unless the scenario has none such, and isn't counted. Begins no further round once `ms` have passed.
 */
export async function run(
  scenario: Scenario,
  level: Level,
  only: readonly string[] | undefined,
  progress: (progress: Progress) => void,
  ms: number = Number.POSITIVE_INFINITY,
): Promise<Results> {
  const began = performance.now()
  progress({ done: 0, doing: 'servers' })
  const stage = await scenario.prepare(level)
  const names = scenario.contestants.filter((name) => only === undefined || only.includes(name))
  let rounds = scenario.rounds[level]
  const contestants: ContestantProcesses[] = []
  try {
    for (let i = 0; i < names.length; i += together) {
      const group = names.slice(i, i + together)
      progress({ done: (0.2 * i) / names.length, doing: `${group.join(' and ')} get ready` })
      const next = group.map((name) => new ContestantProcesses(name, scenario, stage.place, level))
      contestants.push(...next)
      await Promise.all(next.map((contestant) => contestant.ready()))
    }
    const samples = new Map<string, Sample[]>(names.map((name) => [name, []]))
    const first = scenario.warmUp === false ? 1 : 0
    for (let round = first; round <= rounds; round++) {
      if (round > fewestRounds[level] && performance.now() - began > ms) {
        rounds = round - 1
        break
      }
      for (let turn = 0; turn < contestants.length; turn++) {
        const contestant = contestants[(turn + round) % contestants.length] as ContestantProcesses
        const done =
          0.2 +
          (0.8 * ((round - first) * contestants.length + turn)) / ((rounds + 1 - first) * contestants.length)
        progress({ done, doing: contestant.name })
        const sample = await playParts(scenario, contestant, round)
        if (sample !== undefined && round > 0) samples.get(contestant.name)?.push(sample)
      }
    }
    return new Results(
      contestants.map(({ name, hello, error }) => ({
        name,
        version: hello?.version ?? '',
        note: hello?.note ?? '',
        error,
        samples: error === undefined ? (samples.get(name) ?? []) : [],
      })),
      rounds,
    )
  } finally {
    await Promise.all(contestants.map((contestant) => contestant.end()))
    await stage.stop()
  }
}

async function playParts(
  scenario: Scenario,
  contestant: ContestantProcesses,
  round: number,
): Promise<Sample | undefined> {
  const whole: Record<string, Sample[string]> = {}
  for (const part of scenario.parts) {
    if (round === 0 && part.warmUp === false) continue
    const sample = await contestant.play(round, part)
    if (sample === undefined) return undefined
    for (const [name, metrics] of Object.entries(sample)) whole[name] = { ...whole[name], ...metrics }
  }
  return whole
}
