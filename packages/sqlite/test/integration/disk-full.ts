// Run under a limit on the size of files, which stands for a full disk. Prints what the tier still does.
import { systemClock } from '@tierstack/cache-core'
import type { SetupFinding } from '@tierstack/cache-core'
import { sqlite } from '../../src/index.ts'

const tier = sqlite({ path: process.argv[2] ?? '' })
const warnings: SetupFinding[] = []
let lost = 0
const host = {
  namespace: 'test',
  clock: systemClock,
  lost: () => void lost++,
  warn: (finding: SetupFinding) => void warnings.push(finding),
}
tier.open(host)
await tier.hello()

async function put(key: string): Promise<string> {
  const [fence] = await tier.coherence.take([key], 1_000)
  const items = Array.of({
    key,
    fence: fence ?? '',
    bytes: new Uint8Array(20_000),
    expiresAt: Date.now() + 60_000,
  })
  return (await tier.coherence.fill(items))[0] ?? 'nothing'
}

async function refusal(verb: () => Promise<unknown>): Promise<string> {
  try {
    await verb()
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

let stored = 0
let refused = 'none'
while (refused === 'none' && stored < 10_000) {
  refused = await refusal(() => put(`k${stored}`))
  if (refused === 'none') stored++
}
const look = async (key: string): Promise<string | undefined> =>
  (await tier.coherence.lease([key], 1_000, false)).reads[0]?.state
// The last bytes of the journal still take a lease or two.
let state = await look('m0')
for (let n = 1; state === 'leased' && n < 1_000; n++) state = await look(`m${n}`)
const answer = {
  stored: stored > 3,
  refused,
  removal: await refusal(() => tier.delete(['k0'])),
  hit: await look('k0'),
  miss: state,
  warnings: warnings.map(({ check }) => check),
  lost,
  hello: await refusal(() => tier.hello()),
}
await tier.close()
console.log(JSON.stringify(answer))
