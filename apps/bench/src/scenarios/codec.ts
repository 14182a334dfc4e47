import { deserialize, serialize } from 'node:v8'
import { compress, json, msgpack } from '@tierstack/cache-serializers'
import type { CompressOptions } from '@tierstack/cache-serializers'
import { Encoder } from 'cbor-x'
import type { Library } from '../library.ts'
import type { Report } from '../report/report.ts'
import { short, target } from '../report/report.ts'
import type { Results } from '../results.ts'
import { valueOf } from '../rows.ts'
import type { Size } from '../rows.ts'
import type { Metrics } from '../sample.ts'
import { at } from '../scenario.ts'
import type { Level, Place, Scenario, Seat } from '../scenario.ts'
import { withoutServers } from '../servers.ts'

interface Way {
  readonly encode: (value: unknown) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

const cbor = new Encoder({ useRecords: true, structures: [] })
const plain: Way = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) =>
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as unknown,
}

function compressed(options: CompressOptions): Way {
  const codec = msgpack()
  const nothing = new Uint8Array()
  const [writer] = compress({ threshold: 1, ...options })
  if (writer === undefined) throw new Error('no compression')
  // Bytes that would not shrink stay as they are.
  const shrunk = new WeakSet<Uint8Array>()
  return {
    encode: (value) => {
      const bytes = codec.encode(value)
      const fewer = writer.apply(bytes, nothing)
      if (fewer) shrunk.add(fewer)
      return fewer ?? bytes
    },
    decode: (bytes) => codec.decode(shrunk.has(bytes) ? writer.undo(bytes, nothing, 64 * 1024 ** 2) : bytes),
  }
}

const ways: Readonly<Record<string, Way>> = {
  'JSON of V8, unchecked': plain,
  'json()': json(),
  'msgpack(), the default': msgpack(),
  'v8.serialize': { encode: serialize, decode: deserialize },
  'cbor-x, records': {
    encode: (value) => cbor.encode(value),
    decode: (bytes): unknown => cbor.decode(bytes),
  },
  'msgpack() + zstd': compressed({ algorithm: 'zstd' }),
  'msgpack() + brotli': compressed({ algorithm: 'brotli' }),
  'msgpack() + gzip': compressed({ algorithm: 'gzip' }),
}
const baseline = 'JSON of V8, unchecked'
const sizes: readonly Size[] = ['100 B', '10 kB', '1 MB']

/** Values to bytes and back, beside what JSON would cost. */
export const codec: Scenario = {
  name: 'codec',
  question: 'What does it cost to turn values into bytes and back?',
  // One process: what is compared are functions.
  contestants: ['tierstack'],
  parts: [{ name: '', processes: 1 }],
  rounds: { trial: 1, quick: 2, full: 7 },
  prepare: withoutServers,
  enter,
  report,
}

function timed(ms: number, work: () => unknown): number {
  const began = performance.now()
  let runs = 0
  let last: unknown
  do {
    last = work()
    runs++
  } while (performance.now() - began < ms)
  if (last === undefined) throw new Error('a codec gave nothing')
  return ((performance.now() - began) * 1_000) / runs
}

function enter(_library: Library, _place: Place, level: Level): Promise<Seat> {
  const ms = at(level, 1, 20, 60)
  const values = new Map(sizes.map((size) => [size, valueOf(12_345, size)]))
  return Promise.resolve({
    play() {
      const sample: Record<string, Metrics> = {}
      for (const [name, { encode, decode }] of Object.entries(ways)) {
        for (const size of sizes) {
          const value = values.get(size)
          const bytes = encode(value)
          if (JSON.stringify(decode(bytes)) !== JSON.stringify(value))
            throw new Error(`${name} changed a value`)
          sample[`${name}/${size}`] = {
            encode: timed(ms, () => encode(value)),
            decode: timed(ms, () => decode(bytes)),
            bytes: bytes.length,
          }
        }
      }
      return Promise.resolve(sample)
    },
    end: () => Promise.resolve(),
  })
}

function report(results: Results): Report {
  const cell = (name: string, size: Size, metric: string) => {
    const value = results.value('tierstack', `${name}/${size}`, metric)
    const ratio = results.ratio('tierstack', `${name}/${size}`, metric, 'tierstack', `${baseline}/${size}`)
    return metric === 'bytes' ? `${Math.round(100 * ratio)} %` : `${short(value)} (${short(ratio)}×)`
  }
  const ofDefault = (metric: string, size: Size) =>
    results.ratio('tierstack', `msgpack(), the default/${size}`, metric, 'tierstack', `${baseline}/${size}`)
  return {
    tables: (['decode', 'encode', 'bytes'] as const).map((metric) => ({
      title: { decode: 'Bytes → value, µs', encode: 'Value → bytes, µs', bytes: 'Size' }[metric],
      note:
        metric === 'bytes'
          ? 'Of the JSON.'
          : 'In brackets the ratio to `JSON` with its copy between bytes and text. Ours refuse what would not come back the same, and check bytes before they read them; the others do neither.',
      columns: ['', ...sizes],
      rows: Object.keys(ways).map((name) => [name, ...sizes.map((size) => cell(name, size, metric))]),
    })),
    charts: [
      {
        file: 'codec',
        title: 'Bytes to value, µs',
        note: 'A list of rows, 10 kB of JSON',
        unit: 'µs',
        better: 'less',
        panels: [
          {
            title: '',
            bars: Object.keys(ways).map((name) => ({
              label: name.replace(', the default', ''),
              value: results.value('tierstack', `${name}/10 kB`, 'decode'),
              kind: name.startsWith('msgpack') ? 'ours' : name === baseline ? 'yardstick' : 'peer',
            })),
          },
        ],
      },
    ],
    targets: [
      target('decoding 10 kB with the default codec, to JSON', ofDefault('decode', '10 kB'), '≤', 0.67),
      target('decoding 1 MB with the default codec, to JSON', ofDefault('decode', '1 MB'), '≤', 0.67),
    ],
  }
}
