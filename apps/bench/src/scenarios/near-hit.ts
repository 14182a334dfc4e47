import type { Contestant } from '../contestant.ts'
import { lruCache } from '../contestants/lru-cache.ts'
import { map } from '../contestants/map.ts'
import { tierstack } from '../contestants/tierstack.ts'
import { median, sample } from '../measure.ts'
import type { Sample } from '../measure.ts'
import type { Run, Scenario, Table } from '../scenario.ts'
import { zipfRanks } from '../zipf.ts'

const size = 10_000
const columns = ['sync', 'awaited', 'getOrSet', 'get'] as const

/** What does a hit in memory cost? Zipf over 10,000 keys; ratios to `lru-cache.get` with a ttl in the same round. */
export const nearHit: Scenario = {
  name: 'near-hit',
  question: 'What does a hit in memory cost?',
  async run(run: Run): Promise<readonly Table[]> {
    const rounds = run.quick ? 3 : 9
    const keys = Array.from({ length: size }, (_, i) => `row:${i}`)
    const values = new Map(
      keys.map((key, i) => [key, { id: i, name: `row ${i}`, tags: ['a', 'b'], score: i / 7 }]),
    )
    const ranks = zipfRanks(size, 0.99, run.quick ? 200_000 : 1_000_000, 1)
    const sequence = Array.from(ranks, (rank) => keys[rank] as string)
    const contestants: readonly Contestant[] = [lruCache(), map(), tierstack()]
    for (const contestant of contestants) {
      for (const [key, value] of values) await contestant.store(key, { ...value })
    }
    const samples = new Map<string, Sample[]>()
    const ratios = new Map<string, number[]>()
    for (let round = -1; round < rounds; round++) {
      let yardstick = Number.NaN
      for (const contestant of contestants) {
        for (const [column, read] of Object.entries(contestant.reads)) {
          const one = await sample(read, sequence, values)
          if (contestant.name === 'lru-cache' && column === 'sync') yardstick = one.ns
          // The first round only warms up.
          if (round < 0) continue
          const cell = `${contestant.name} ${column}`
          samples.set(cell, [...(samples.get(cell) ?? []), one])
          ratios.set(cell, [...(ratios.get(cell) ?? []), one.ns / yardstick])
        }
      }
      run.progress((round + 2) / (rounds + 1))
    }
    for (const contestant of contestants) await contestant.close()
    return [
      {
        title: 'A hit in memory',
        note: `ns per read, and in brackets the ratio to a synchronous \`lru-cache\` get with a ttl in the same round; then bytes allocated. Zipf 0.99 over ${size} keys, median of ${rounds} rounds.`,
        columns: ['', ...columns, ...columns.map((column) => `B/${column}`)],
        rows: contestants.map((contestant) => [
          `${contestant.name} ${contestant.version}`,
          ...columns.map((column) => timeCell(`${contestant.name} ${column}`, samples, ratios)),
          ...columns.map((column) => bytesCell(`${contestant.name} ${column}`, samples)),
        ]),
      },
    ]
  },
}

function timeCell(
  cell: string,
  samples: ReadonlyMap<string, readonly Sample[]>,
  ratios: ReadonlyMap<string, readonly number[]>,
): string {
  const own = samples.get(cell)
  if (own === undefined) return '–'
  return `${median(own.map(({ ns }) => ns)).toFixed(0)} (${median(ratios.get(cell) ?? []).toFixed(2)}×)`
}

function bytesCell(cell: string, samples: ReadonlyMap<string, readonly Sample[]>): string {
  const own = samples.get(cell)
  return own === undefined ? '–' : median(own.map(({ bytes }) => bytes)).toFixed(0)
}
