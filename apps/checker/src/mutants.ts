import { run } from './run.ts'
import { parseSettings } from './settings.ts'
import { sharedNow } from './shared-time.ts'
import { protections } from './weaken.ts'
import type { Protection } from './weaken.ts'

/*
 * A checker that can't fail proves nothing: with each protection switched off in turn it must find violations. Most
 * show in the first seed; the limit is for those that take luck.
 */

/**
 * The fault under which a missing protection shows for sure. The local fence is needed when a message overtakes an
 * answer on another connection, and an old row stays only until the next gap: d4 makes that happen now and then, more
 * often the more is changed.
 */
const faults: Readonly<Record<Protection, string>> = {
  lease: 'a',
  'local-fence': 'd4 --changes 100',
  gap: 'c',
  journal: 'd',
  'run-id': 'b3',
  tags: 'j',
}

const limitMs = 180_000
const firstSeed = 1

async function found(without: Protection): Promise<boolean> {
  const began = sharedNow()
  for (let seed = firstSeed; sharedNow() - began < limitMs; seed++) {
    const settings = parseSettings(
      `--without ${without} --faults ${faults[without]} --seed ${seed} --seconds 8`.split(' '),
    )
    const [result] = await run(settings, () => {})
    if (result === undefined) continue
    const { counts, permanent } = result
    const { own, others, hard } = counts
    // A busy machine alone may make a message a little late: that would be no proof.
    if (own + hard + permanent === 0) continue
    console.log(
      `without ${without}: found after ${((sharedNow() - began) / 1_000).toFixed(0)} s, seed ${seed}: ${own} own, ${others} other, ${hard} hard, ${permanent} permanent`,
    )
    return true
  }
  console.log(`without ${without}: NOTHING FOUND within ${limitMs / 1_000} s`)
  return false
}

const given = process.argv.slice(2)
const chosen = given.length > 0 ? protections.filter((name) => given.includes(name)) : protections
let blind = 0
for (const without of chosen) if (!(await found(without))) blind++
console.log(
  blind === 0 ? `all ${chosen.length} missing protections were noticed` : `${blind} were not noticed`,
)
if (blind > 0) process.exitCode = 1
