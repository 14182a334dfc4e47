import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { msgpack } from '@tierstack/cache-serializers'
import type { Library } from '../library.ts'
import { readLoop } from '../read-loop.ts'
import { cell, ratioCell, rowsOf, worstSpread } from '../report/rows.ts'
import { target } from '../report/report.ts'
import type { Report } from '../report/report.ts'
import type { Results } from '../results.ts'
import { valueOf } from '../rows.ts'
import type { Metrics, Sample } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withRedis } from '../servers.ts'
import { fill, keysOf, openWarm, settle } from '../warm-remote.ts'

const yardstick = 'tierstack'
const sealed = 'with encryption'
const cases = [
  { name: '1 kB, c 1', callers: 1 },
  { name: '1 kB, c 64', callers: 64 },
] as const
const names = cases.map(({ name }) => name)
const alone = 'AES-256-GCM alone'

/** A hit in Redis where no memory tier is in front, with values sealed and without. */
export const encryption: Scenario = {
  name: 'encryption',
  question: 'What does it cost that values in Redis are sealed?',
  contestants: [yardstick, sealed],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 4, full: 9 },
  warmUp: false,
  prepare: withRedis,
  enter,
  report,
}

async function enter(library: Library, { redisUrl }: Place, level: Level): Promise<Seat> {
  const warm = await openWarm(library, {
    tiers: 'far',
    redisUrl,
    maxEntries: 10,
    size: '1 kB',
  })
  const keys = keysOf(at(level, 50, 2_000, 5_000))
  await fill(warm, keys)
  const { contestant, loads } = warm
  const play = async (ms: number): Promise<Sample> => {
    const sample: Record<string, Metrics> = { [alone]: opensAlone(ms / 2) }
    for (const { name, callers } of cases) {
      await settle(warm, keys)
      sample[name] = await readLoop({ contestant, keys, callers, ms, loads })
    }
    return sample
  }
  // What is measured is compiled by then: both rehearse for the same time of the processor.
  await play(at(level, 0, 1_000, 1_800))
  return {
    play: () => play(at(level, 5, 200, 600)),
    end: () => contestant.close(),
  }
}

/** What opening such a value takes with `node:crypto` and nothing around it, its key at hand: no library takes less. */
function opensAlone(ms: number): Metrics {
  const key = createSecretKey(randomBytes(32))
  const nonce = randomBytes(12)
  const bound = randomBytes(100)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(bound)
  const sealed = cipher.update(msgpack().encode(valueOf(1, '1 kB')))
  cipher.final()
  const tag = cipher.getAuthTag()
  let opened = 0
  const cpu = process.cpuUsage()
  const end = performance.now() + ms
  do {
    for (let i = 0; i < 50; i++, opened++) {
      const gcm = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
      gcm.setAAD(bound)
      gcm.setAuthTag(tag)
      gcm.update(sealed)
      gcm.final()
    }
  } while (performance.now() < end)
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / opened }
}

function report(results: Results): Report {
  const opening = results.value(sealed, alone, 'cpu')
  const toBoth = (metric: string, openings: number) =>
    results.value(sealed, '1 kB, c 64', metric) /
    (results.value(yardstick, '1 kB, c 64', metric) + openings * opening)
  const cells = (name: string, metric: string) =>
    names.map((kase) => ratioCell(results, name, kase, metric, yardstick))
  return {
    tables: [
      {
        title: 'Sealed values: a hit in Redis of 1 kB',
        note: `No memory tier in front; one caller, and 64 who each ask again at once. In brackets the ratio to the same without encryption, in the same round. The last column: what opening such a value takes with \`node:crypto\` and nothing around it, in the same process: nothing that is sealed costs less. It is more than half of what a whole hit takes where 64 are read at once, so the limits there are of the sum of both; 64 callers wait for 64 openings. Spread of the rounds (quartiles) up to ${worstSpread(results, names, 'cpu')}.`,
        columns: [
          '',
          ...['p50, µs', 'CPU of the application, µs', 'reads per second'].flatMap((metric) =>
            names.map((kase) => `${kase}: ${metric}`),
          ),
          `${alone}: CPU, µs`,
        ],
        rows: rowsOf(results, (name) => [
          ...cells(name, 'p50'),
          ...cells(name, 'cpu'),
          ...cells(name, 'perSecond'),
          name === sealed ? cell(results, name, alone, 'cpu') : '–',
        ]),
      },
    ],
    charts: [],
    targets: [
      target('time of a hit, one caller', results.ratio(sealed, '1 kB, c 1', 'p50', yardstick), '≤', 1.3),
      target(
        'application CPU per hit, one caller',
        results.ratio(sealed, '1 kB, c 1', 'cpu', yardstick),
        '≤',
        1.3,
      ),
      target('time of a hit, 64 callers, to a plain hit and AES-256-GCM alone', toBoth('p50', 64), '≤', 1.3),
      target(
        'application CPU per hit, 64 callers, to a plain hit and AES-256-GCM alone',
        toBoth('cpu', 1),
        '≤',
        1.3,
      ),
    ],
  }
}
