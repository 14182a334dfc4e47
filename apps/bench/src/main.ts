import { cpus, totalmem } from 'node:os'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { markdown } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { nearHit } from './scenarios/near-hit.ts'

const scenarios: readonly Scenario[] = [nearHit]

function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model ?? 'unknown cpu'}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.version}, ${process.platform} ${process.arch}`
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    /** Writes the tables to results/ as well. */
    save: { type: 'boolean', default: false },
  },
})
const chosen =
  positionals.length === 0 ? scenarios : scenarios.filter(({ name }) => positionals.includes(name))
if (chosen.length < positionals.length) {
  console.error(
    `Expected scenarios among ${scenarios.map(({ name }) => name).join(', ')}, got ${positionals.join(', ')}`,
  )
  process.exit(2)
}
const date = new Date().toISOString().slice(0, 10)
for (const scenario of chosen) {
  const tables = await scenario.run({
    quick: values.quick,
    progress: (done) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${scenario.name} ${Math.round(done * 100)} %  `)
    },
  })
  if (process.stderr.isTTY) process.stderr.write('\r\u001B[K')
  const text = [`## ${scenario.question}`, '', `${date}, ${machine()}`, '', ...tables.map(markdown)].join(
    '\n',
  )
  console.log(text)
  if (!values.save) continue
  const folder = join(import.meta.dirname, '..', 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${scenario.name}.md`), `${text.trim()}\n`)
}
