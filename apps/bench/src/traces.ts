import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { seeded, zipfRanks } from './zipf.ts'

/** The keys of a row of reads, numbered in the order of their first use. */
export interface Trace {
  readonly name: string
  readonly keys: Uint32Array
  readonly distinct: number
}

/**
 * Traces of `BENCH_TRACES`, a folder with files `name.bin.gz` of 32-bit numbers, lowest byte first; else a few that
 * are made up: popularity that stays, drifts or jumps, loops, walks over everything, sessions.
 */
export function traces(accesses: number, folder = process.env['BENCH_TRACES']): Trace[] {
  if (folder === undefined) return Object.entries(made).map(([name, make]) => numbered(name, make(accesses)))
  return readdirSync(folder)
    .filter((file) => file.endsWith('.bin.gz'))
    .toSorted()
    .map((file) => {
      const bytes = new Uint8Array(gunzipSync(readFileSync(join(folder, file))))
      return numbered(file.slice(0, -7), new Uint32Array(bytes.buffer, 0, bytes.length >>> 2))
    })
}

function numbered(name: string, keys: Uint32Array): Trace {
  const numbers = new Map<number, number>()
  return {
    name,
    keys: keys.map((key) => {
      const number = numbers.get(key) ?? numbers.size
      numbers.set(key, number)
      return number
    }),
    distinct: numbers.size,
  }
}

const made: Readonly<Record<string, (accesses: number) => Uint32Array>> = {
  'popular 0.8': (n) => zipfRanks(20_000, 0.8, n, 1),
  'popular 1.0': (n) => zipfRanks(20_000, 1, n, 2),
  drifting: (n) => zipfRanks(5_000, 0.9, n, 3).map((rank, i) => rank + (i >>> 5)),
  jumping: (n) => zipfRanks(6_000, 1, n, 4).map((rank, i) => rank + Math.floor((4 * i) / n) * 6_000),
  loop: (n) => new Uint32Array(n).map((_, i) => i % 4_000),
  'popular, with walks': (n) =>
    zipfRanks(10_000, 1, n, 5).map((rank, i) => (i % 20_000 < 4_000 ? 20_000 + i : rank)),
  'popular, half once only': (n) =>
    zipfRanks(5_000, 1, n, 6).map((rank, i) => (i % 2 === 0 ? rank : 10_000 + i)),
  sessions: (n) => sessions(n, seeded(7)),
}

/** Visitors who each read a few rows of their own, again and again for a while. */
function sessions(accesses: number, random: () => number): Uint32Array {
  const visits: number[] = []
  let next = 0
  return new Uint32Array(accesses).map(() => {
    if (visits.length < 40 || random() < 0.05) {
      visits.push(next++)
      if (visits.length > 80) visits.shift()
    }
    const visit = visits[Math.floor(random() * visits.length)] as number
    return visit * 4 + Math.floor(random() * 4)
  })
}
