import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { seededRandom } from '@tierstack/cache-testing'
import { keep, readCorpus } from './corpus.ts'
import { Coverage } from './coverage.ts'
import { Fuzzer } from './fuzzer.ts'
import type { Fault } from './fuzzer.ts'
import { allTargets } from '../targets/all.ts'

/*
 * pnpm fuzz [--minutes 60] [--target NAME] [--seed N] [--keep FOLDER] [--faults FOLDER]
 *
 * Feeds every parser of foreign bytes with inputs that are mutated towards code which none had reached. Ends with 1 at
 * the first fault, whose input is written to `faults/`, and when memory grows without an end.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    keep: { type: 'string' },
    faults: { type: 'string' },
  },
})
const root = fileURLToPath(new URL('..', import.meta.url))
/** Memory over what the run had after its first tenth, in MB. */
const mostGrowth = 64
const reportEvery = 30_000
const ms = Number(values.minutes) * 60_000
if (!(ms > 0)) throw new Error('Expected `--minutes` to be a number of minutes')

function memory(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024 ** 2
}

function report(fault: Fault): never {
  const [path] = keep(values.faults ?? `${root}faults`, fault.target, [fault.input])
  console.error(`FAULT in ${fault.target}: input kept as ${path}`)
  console.error(fault.error)
  process.exit(1)
}

const coverage = new Coverage((url) => url.includes('/packages/') || url.includes('/msgpackr/'))
await coverage.start()
const targets = allTargets.filter(({ name }) => values.target === undefined || name === values.target)
console.log(`seed ${values.seed}, ${targets.length} targets, ${values.minutes} minutes`)
const random = seededRandom(Number(values.seed))
const fuzzers: Fuzzer[] = []
for (const target of targets) {
  const fuzzer = new Fuzzer(target, readCorpus(`${root}corpus`, target.name), coverage, random)
  const fault = await fuzzer.begin()
  if (fault) report(fault)
  fuzzers.push(fuzzer)
}
const before = new Map(fuzzers.map((fuzzer) => [fuzzer, fuzzer.corpus.length]))
const runs = () => fuzzers.reduce((sum, fuzzer) => sum + fuzzer.runs, 0)
const began = performance.now()
let reported = began
let settled: number | undefined
let highest = 0
for (let turn = 0; performance.now() - began < ms; turn++) {
  const fault = await (fuzzers[turn % fuzzers.length] as Fuzzer).step()
  if (fault) report(fault)
  // zlib gives memory back in a turn of the event loop, and nothing here waits for one.
  await turnOfTheLoop()
  const now = performance.now()
  if (settled === undefined && now - began > ms / 10) settled = memory()
  if (now - reported < reportEvery) continue
  reported = now
  const used = memory()
  highest = Math.max(highest, used)
  const seconds = Math.round((now - began) / 1_000)
  const kept = fuzzers.reduce((sum, { corpus }) => sum + corpus.length, 0)
  console.log(`${seconds} s: ${runs()} inputs, ${coverage.size} blocks, ${kept} kept, ${used.toFixed(1)} MB`)
}
const growth = memory() - (settled ?? memory())
for (const fuzzer of fuzzers) {
  const found = fuzzer.corpus.slice(before.get(fuzzer))
  if (values.keep !== undefined) keep(values.keep, fuzzer.target.name, found)
  console.log(`${fuzzer.target.name}: ${fuzzer.runs} inputs, ${found.length} new ones kept`)
}
console.log(
  `${runs()} inputs without a fault; memory ${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MB since the first tenth`,
)
if (growth > mostGrowth) {
  console.error(`memory grew by more than ${mostGrowth} MB`)
  process.exit(1)
}
