import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Confirmations } from '../src/confirmations.ts'
import { formatLsn, parseLsn } from '../src/lsn.ts'
import { decodePgoutput } from '../src/pgoutput.ts'
import { reached } from '../src/replica-reads.ts'
import { TransactionReader } from '../src/transaction-reader.ts'
import type { Part } from '../src/transaction-reader.ts'
import { isVisible, parseSnapshot } from '../src/visibility.ts'

const int16 = (n: number) => [n >> 8, n & 255]
const int32 = (n: number) => [...int16(n >>> 16), ...int16(n & 0xffff)]
const int64 = (n: number) => [...int32(0), ...int32(n)]
const letter = (l: string) => l.charCodeAt(0)
const text = (t: string) => [...Buffer.from(t), 0]
const tuple = (...values: (string | null | undefined)[]) => [
  ...int16(values.length),
  ...values.flatMap((value) => {
    if (value === null) return [letter('n')]
    if (value === undefined) return [letter('u')]
    return [letter('t'), ...int32(Buffer.byteLength(value)), ...Buffer.from(value)]
  }),
]
const begin = (xid: number) => Buffer.from([letter('B'), ...int64(1), ...int64(1), ...int32(xid)])
const commit = (end: number) => Buffer.from([letter('C'), 0, ...int64(1), ...int64(end), ...int64(0)])
const relation = (id: number, ...columns: string[]) =>
  Buffer.from([
    letter('R'),
    ...int32(id),
    ...text('public'),
    ...text('users'),
    letter('d'),
    ...int16(columns.length),
    ...columns.flatMap((name, i) => [i === 0 ? 1 : 0, ...text(name), ...int32(23), ...int32(0)]),
  ])
const row = (kind: 'I' | 'U' | 'D', ...parts: number[]) => Buffer.from([letter(kind), ...int32(1), ...parts])

function read(...messages: Buffer[]): { parts: Part[]; unknown: string[]; reader: TransactionReader } {
  const parts: Part[] = []
  const unknown: string[] = []
  const reader = new TransactionReader(
    (part) => parts.push(part),
    (table) => unknown.push(table),
  )
  reader.keys = new Map([['users', ['id']]])
  for (const message of messages) reader.read(message, 0)
  return { parts, unknown, reader }
}

describe('messages of pgoutput', () => {
  test('rows come with their keys, old and new', () => {
    const { parts } = read(
      begin(7),
      relation(1, 'id', 'name'),
      row('I', letter('N'), ...tuple('1', 'ann')),
      row('U', letter('N'), ...tuple('1', undefined)),
      row('U', letter('K'), ...tuple('1', null), letter('N'), ...tuple('2', 'ann')),
      row('D', letter('K'), ...tuple('2', null)),
      commit(99),
    )
    expect(parts).toHaveLength(1)
    expect(parts[0]).toMatchObject({ xid: 7, end: 99n })
    expect(parts[0]?.batch.wholeTables).toEqual([])
    expect(parts[0]?.batch.changes.map(({ op, key, formerKey }) => [op, key, formerKey])).toEqual([
      ['insert', ['1'], undefined],
      ['update', ['1'], undefined],
      ['update', ['2'], ['1']],
      ['delete', ['2'], undefined],
    ])
    expect(parts[0]?.batch.changes[1]?.row).toEqual({ id: '1', name: undefined })
  })

  test('a truncate, another structure and an unknown key concern the whole table', () => {
    const truncate = Buffer.from([letter('T'), ...int32(1), 0, ...int32(1)])
    const whole = (...messages: Buffer[]) =>
      read(begin(1), ...messages, commit(2)).parts[0]?.batch.wholeTables
    expect(whole(relation(1, 'id'), truncate)).toEqual([{ schema: 'public', table: 'users' }])
    expect(whole(relation(1, 'id'), relation(1, 'id'))).toEqual([])
    expect(whole(relation(1, 'id'), relation(1, 'id', 'name'))).toHaveLength(1)
    const { parts, unknown } = read(
      begin(1),
      relation(1, 'code'),
      row('I', letter('N'), ...tuple('1')),
      commit(2),
    )
    expect([parts[0]?.batch.wholeTables.length, unknown]).toEqual([1, ['users']])
  })

  test('a large transaction comes in parts, of which the last has the position', () => {
    const rows = Array.from({ length: 2_500 }, (_, i) => row('I', letter('N'), ...tuple(String(i))))
    const { parts } = read(begin(1), relation(1, 'id'), ...rows, commit(2))
    expect(parts.map(({ batch, end }) => [batch.changes.length, end])).toEqual([
      [1_000, undefined],
      [1_000, undefined],
      [500, 2n],
    ])
  })

  test('what was half read when the stream was cut is forgotten', () => {
    const { parts, reader } = read(begin(1), relation(1, 'id'), row('I', letter('N'), ...tuple('1')))
    expect(reader.open).toBe(true)
    reader.reset()
    for (const message of [begin(2), commit(3)]) reader.read(message, 0)
    expect(parts.map(({ xid, batch }) => [xid, batch.changes.length])).toEqual([[2, 0]])
  })

  test('a message that is cut short is an error, and an unknown one nothing', () => {
    expect(() => decodePgoutput(begin(1).subarray(0, 12))).toThrow(RangeError)
    expect(decodePgoutput(Buffer.from('Yx'))).toEqual({ kind: 'other' })
  })
})

test('a position is confirmed when everything before it is done, in whatever order that happens', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...Array(12).keys()], { minLength: 0 }), (finished) => {
      const confirmations = new Confirmations()
      const done = [...Array(12).keys()].map((i) => confirmations.add(BigInt(i + 1)))
      for (const i of finished) done[i]?.()
      const first = [...Array(12).keys()].find((i) => !finished.includes(i)) ?? 12
      expect(confirmations.position).toBe(BigInt(first))
      confirmations.passed(100n)
      expect(confirmations.position).toBe(finished.length === 12 ? 100n : BigInt(first))
    }),
  )
})

test('a transaction is visible when it ended before the snapshot, also when ids wrap around', () => {
  const snapshot = parseSnapshot('100:110:103,105')
  expect([99, 103, 104, 105, 109, 110, 111].map((xid) => isVisible(xid, snapshot))).toEqual([
    true,
    false,
    true,
    false,
    true,
    false,
    false,
  ])
  const wrapped = parseSnapshot(`${2n ** 32n - 5n}:${2n ** 32n + 5n}:${2n ** 32n - 5n}`)
  expect([2 ** 32 - 6, 2 ** 32 - 5, 2 ** 32 - 1, 4, 5].map((xid) => isVisible(xid, wrapped))).toEqual([
    true,
    false,
    true,
    true,
    false,
  ])
})

test('positions are numbers of bytes', () => {
  expect(parseLsn('16/B374D848')).toBe(0x16b374d848n)
  for (const one of ['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF']) expect(formatLsn(parseLsn(one))).toBe(one)
})

test('a replica at the end of a page has reached the beginning of the next', () => {
  expect([reached(0x4000000n, 0x4000028n), reached(0x4002000n, 0x4002018n), reached(8n, 8n)]).toEqual([
    true,
    true,
    true,
  ])
  expect([reached(0x4000000n, 0x4000029n), reached(0x3ffff00n, 0x3ffff28n), reached(7n, 8n)]).toEqual([
    false,
    false,
    false,
  ])
})
