import { explore } from './explore.ts'
import { variants } from './variants.ts'

/*
 * Explores every interleaving of the protocol on small scopes. Protocol variants that lack something must be broken,
 * or the exploration is too weak to mean anything; the protocol itself must hold.
 */

const explored = variants.filter(({ wide }) => wide !== true || process.argv.includes('--wide'))
const verbose = process.argv.includes('--verbose')
let total = 0
let wrong = 0
for (const variant of explored) {
  const began = performance.now()
  const { states, trace } = explore(variant)
  total += states
  const held = trace === undefined
  if (held !== variant.holds) wrong++
  const verdict = held ? 'holds' : `broken in ${trace.length - 1} steps`
  const surprise = held === variant.holds ? '' : '   UNEXPECTED'
  console.log(
    `${variant.name.padEnd(58)} ${verdict.padEnd(20)} ${states.toLocaleString('en').padStart(9)} states ${((performance.now() - began) / 1_000).toFixed(1).padStart(5)} s${surprise}`,
  )
  if (trace !== undefined && (verbose || variant.holds)) for (const step of trace) console.log(`    ${step}`)
}
console.log(
  `${explored.length} variants, ${total.toLocaleString('en')} states${wrong > 0 ? `, ${wrong} UNEXPECTED` : ', all as expected'}`,
)
if (wrong > 0) process.exitCode = 1
