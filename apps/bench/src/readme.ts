import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { short } from './report/report.ts'
import type { Saved } from './report/save.ts'
import { targetLine } from './report/report.ts'
import { Results } from './results.ts'
import { scenarioNames } from './scenarios.ts'

/* pnpm bench:readme: writes the numbers of results/ into the pages that show them. What wasn't run is left out. */

const root = join(import.meta.dirname, '..', '..', '..')
const results = join(import.meta.dirname, '..', 'results')

interface Line {
  readonly scenario: string
  readonly what: string
  readonly kase: string
  readonly metric: string
  readonly unit: string
  readonly scale?: number
  readonly better: 'more' | 'less'
  readonly yardsticks: readonly string[]
}

const raw = [
  'ioredis, auto-pipelining',
  'MGET by hand',
  'ioredis',
  'node-redis',
  'lru-cache',
  'Map',
  'no cache',
]
const lines: readonly Line[] = [
  {
    scenario: 'near-hit',
    what: 'An awaited hit in memory',
    kase: 'read zipf',
    metric: 'ns',
    unit: 'ns',
    better: 'less',
    yardsticks: raw,
  },
  {
    scenario: 'far-hit',
    what: 'Hits in Redis, 64 callers',
    kase: '100 B, c 64',
    metric: 'perSecond',
    unit: 'k/s',
    scale: 1 / 1_000,
    better: 'more',
    yardsticks: raw,
  },
  {
    scenario: 'cold-local',
    what: 'Cold memory over a warm Redis, 64 callers',
    kase: 'c 64',
    metric: 'perSecond',
    unit: 'k/s',
    scale: 1 / 1_000,
    better: 'more',
    yardsticks: raw,
  },
  {
    scenario: 'bulk',
    what: 'Bulk reads of 100 keys from Redis',
    kase: '100 keys, c 8',
    metric: 'perSecond',
    unit: 'k keys/s',
    scale: 1 / 1_000,
    better: 'more',
    yardsticks: raw,
  },
  {
    scenario: 'stampede',
    what: 'Queries for one cold key, 4 processes × 250 callers',
    kase: '4 × 250',
    metric: 'loads',
    unit: '',
    better: 'less',
    yardsticks: raw,
  },
  {
    scenario: 'database',
    what: 'Requests over PostgreSQL, 50 ms queries',
    kase: '1 process, 50 ms queries',
    metric: 'perSecond',
    unit: '/s',
    better: 'more',
    yardsticks: raw,
  },
  {
    scenario: 'database',
    what: 'Requests over PostgreSQL, cheap queries',
    kase: '1 process, cheap queries',
    metric: 'perSecond',
    unit: '/s',
    better: 'more',
    yardsticks: raw,
  },
  {
    scenario: 'dead-redis',
    what: 'p99 of cold reads while Redis is frozen',
    kase: 'cold',
    metric: 'p99',
    unit: 'ms',
    better: 'less',
    yardsticks: raw,
  },
]

const hasRun = (scenario: string) => existsSync(join(results, `${scenario}.json`))

function saved(scenario: string): Saved {
  return JSON.parse(readFileSync(join(results, `${scenario}.json`), 'utf8')) as Saved
}

function rowOf(line: Line): string {
  const { contestants, rounds } = saved(line.scenario)
  const all = new Results(contestants, rounds)
  const valueOf = (name: string) => all.value(name, line.kase, line.metric) * (line.scale ?? 1)
  const shown = (name: string) => `${short(valueOf(name))}${line.unit === '' ? '' : ` ${line.unit}`}`
  const ranked = (names: readonly string[]) =>
    names
      .filter((name) => !Number.isNaN(valueOf(name)))
      .toSorted((a, b) => (line.better === 'more' ? valueOf(b) - valueOf(a) : valueOf(a) - valueOf(b)))
  const names = contestants.map(({ name }) => name)
  const [peer] = ranked(names.filter((name) => name !== 'tierstack' && !line.yardsticks.includes(name)))
  const yardstick = names[0] ?? ''
  return `| ${line.what} | ${shown('tierstack')} | ${peer === undefined ? '–' : `${shown(peer)}, ${peer}`} | ${shown(yardstick)}, ${yardstick} |`
}

function numbers(): string {
  const first = scenarioNames.find(hasRun)
  if (first === undefined) throw new Error('Expected results of `pnpm bench --save`, there are none')
  const { date, machine, level } = saved(first)
  return [
    `| | tierstack | best peer | yardstick |`,
    `| --- | --: | --: | --: |`,
    ...lines.filter(({ scenario }) => hasRun(scenario)).map(rowOf),
    '',
    `Medians of ${date} on ${machine} (\`pnpm bench${level === 'full' ? '' : ` --${level}`}\`), in one run with all contestants: read them as ratios.`,
  ].join('\n')
}

function targets(): string {
  return scenarioNames
    .filter(hasRun)
    .flatMap((name) =>
      saved(name).report.targets.map(
        (target) => `- ${name}: ${targetLine({ ...target, measured: target.measured ?? Number.NaN })}`,
      ),
    )
    .join('\n')
}

const flames = [
  { file: 'flame-near-hit', title: 'Where the time of a hit in memory goes' },
  { file: 'flame-far-hit', title: 'Where the time of a hit in Redis goes' },
]

/** Charts and flame graphs, as links from a page in docs/. */
function pictures(): string {
  const charts = scenarioNames.filter(hasRun).flatMap((name) => saved(name).report.charts)
  return [...charts, ...flames]
    .filter(({ file }) => existsSync(join(results, `${file}.svg`)))
    .map(({ file, title }) => `![${title}](../apps/bench/results/${file}.svg)`)
    .join('\n\n')
}

function fillIn(file: string, block: string, content: string): void {
  const path = join(root, file)
  const text = readFileSync(path, 'utf8')
  const marked = new RegExp(`(<!-- ${block} -->\n)[\\s\\S]*?(<!-- /${block} -->)`)
  if (!marked.test(text)) throw new Error(`Expected ${file} to have a block \`${block}\``)
  writeFileSync(
    path,
    text.replace(marked, (_, open: string, close: string) => `${open}\n${content}\n\n${close}`),
  )
}

fillIn('README.md', 'bench', numbers())
fillIn('docs/performance.md', 'bench', [numbers(), pictures()].join('\n\n'))
fillIn('docs/performance.md', 'bench-targets', targets())
