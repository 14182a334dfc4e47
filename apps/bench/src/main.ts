import { parseArgs } from 'node:util'
import { ProgressBar } from './progress-bar.ts'
import { machine } from './report/machine.ts'
import { page } from './report/markdown.ts'
import { targetLine } from './report/report.ts'
import { save } from './report/save.ts'
import type { Saved } from './report/save.ts'
import { run } from './run.ts'
import type { Progress } from './run.ts'
import { scenarioNamed, scenarioNames, secondsOf } from './scenarios.ts'
import type { Level } from './scenario.ts'

/* pnpm bench [scenario…] [--quick | --trial] [--minutes 30] [--only 'contestant;…'] [--save] */

/** Minutes for all scenarios: rounds are left out where a machine is too slow for them. */
const usualMinutes: Readonly<Record<Level, number>> = {
  trial: Number.POSITIVE_INFINITY,
  quick: 4.5,
  full: 17,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    /** As short as can be: proves that everything works. */
    trial: { type: 'boolean', default: false },
    /** Time for everything together: where it doesn't suffice for all rounds, there are fewer. */
    minutes: { type: 'string' },
    only: { type: 'string' },
    /** Writes tables, numbers and charts to results/. */
    save: { type: 'boolean', default: false },
  },
})

const unknown = positionals.filter((name) => !scenarioNames.includes(name))
if (unknown.length > 0) {
  console.error(`Expected scenarios among ${scenarioNames.join(', ')}, got ${unknown.join(', ')}`)
  process.exit(2)
}
const level: Level = values.trial ? 'trial' : values.quick ? 'quick' : 'full'
const only = values.only?.split(';').map((name) => name.trim())
const chosen = positionals.length === 0 ? scenarioNames : positionals
const bar = new ProgressBar()
const targets: string[] = []
const times: string[] = []
const began = performance.now()
const minutes =
  values.minutes === undefined
    ? (usualMinutes[level] * secondsOf(chosen, level)) / secondsOf(scenarioNames, level)
    : minutesOf(values.minutes)
const end = began + minutes * 60_000
let errs = 0

for (const [i, name] of chosen.entries()) {
  const scenario = await scenarioNamed(name)
  const start = performance.now()
  // What one scenario leaves over is for those after it.
  const share = ((end - start) * secondsOf([name], level)) / secondsOf(chosen.slice(i), level)
  const tell = ({ done, doing }: Progress) => bar.show((i + done) / chosen.length, `${name}: ${doing}`)
  const results = await run(scenario, level, only, tell, share)
  bar.hide()
  const took = `${name} ${seconds(performance.now() - start)}`
  times.push(took)
  const report = scenario.report(results, level)
  const saved: Saved = {
    scenario: name,
    question: scenario.question,
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    level,
    rounds: results.rounds,
    contestants: results.contestants,
    report,
  }
  console.log(`${page(saved, false)}\nTime: ${took}\n`)
  targets.push(...report.targets.map((target) => `${name} · ${targetLine(target)}`))
  errs += results.contestants.filter(
    ({ name: who, error }) => error !== undefined && who === 'tierstack',
  ).length
  if (values.save) save(saved, page(saved, true))
}
if (targets.length > 0) console.log(['Targets', '', ...targets].join('\n'))
console.log(`\nTime: ${times.join(' · ')} · together ${seconds(performance.now() - began)}`)
// Others may err, and the table says so. Ours may not.
if (errs > 0) process.exitCode = 1

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}

function minutesOf(text: string): number {
  const minutes = Number(text)
  if (minutes > 0) return minutes
  console.error(`Expected \`--minutes\` to be a number above 0, got ${text}`)
  process.exit(2)
}
