import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { History } from '../src/history.ts'
import { LedgerWriter } from '../src/ledger.ts'
import { Verdict } from '../src/verdict.ts'
import type { Counts } from '../src/verdict.ts'

let folder: string
let conductor: LedgerWriter
let other: LedgerWriter
let own: LedgerWriter
let history: History
let verdict: Verdict

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checker-test-'))
  conductor = new LedgerWriter(folder, 0)
  other = new LedgerWriter(folder, 1)
  own = new LedgerWriter(folder, 2)
  history = new History(folder, 10, 2)
  verdict = new Verdict(history, 50)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Judges one read of key 3. */
function read(version: number, start: number): Partial<Counts> {
  verdict.noted(3, version, start, 'read')
  verdict.judge()
  return verdict.counts
}

test('a read of the newest acknowledged version is right', () => {
  other.acknowledged(3, 7, 1_000)
  expect(read(7, 5_000)).toMatchObject({ reads: 1, own: 0, others: 0, hard: 0 })
})

test('a read that began before the acknowledgement may return the old version', () => {
  other.acknowledged(3, 7, 1_000)
  expect(read(6, 999)).toMatchObject({ own: 0, others: 0, hard: 0 })
})

test('another process has 50 ms to hear of a removal', () => {
  other.acknowledged(3, 7, 1_000)
  expect(read(6, 1_050)).toMatchObject({ others: 0, silent: 0 })
  expect(read(6, 1_051)).toMatchObject({ others: 1, silent: 0 })
})

test('the process that was told has no time at all', () => {
  history.noteOwn(3, 7, 1_000, 'by delete')
  expect(read(6, 1_000.01)).toMatchObject({ own: 1 })
})

test('a removal acknowledged to one process only binds nobody else', () => {
  const elsewhere = new History(folder, 10, 1)
  history.noteOwn(3, 7, 1_000, 'by delete')
  elsewhere.update()
  expect(elsewhere.due(3, 6)).toEqual({ own: Infinity, others: Infinity })
})

test('a fault between the processes stretches the bound to 500 ms, and no further', () => {
  conductor.silence(true, 900)
  other.acknowledged(3, 7, 1_000)
  expect(read(6, 1_499)).toMatchObject({ others: 0, silent: 1, hard: 0 })
  expect(read(6, 1_501)).toMatchObject({ others: 0, silent: 1, hard: 1 })
})

test('a fault that was over long before excuses nothing', () => {
  conductor.silence(true, 100)
  conductor.silence(false, 200)
  other.acknowledged(3, 7, 10_000)
  expect(read(6, 10_100)).toMatchObject({ others: 1, silent: 0 })
})

test('time for which the event loop of the reader stood still is not counted against the cache', () => {
  other.acknowledged(3, 7, 1_000)
  own.lag(1_010, 1_080)
  expect(read(6, 1_100)).toMatchObject({ others: 0, late: 1 })
  expect(read(6, 1_130)).toMatchObject({ others: 1, late: 1 })
})

test('lags of a third process excuse nothing', () => {
  other.lag(1_010, 1_080)
  other.acknowledged(3, 7, 1_000)
  expect(read(6, 1_100)).toMatchObject({ others: 1, late: 0 })
})

test('the earliest of several newer acknowledgements counts', () => {
  other.acknowledged(3, 9, 2_000)
  other.acknowledged(3, 8, 1_000)
  history.update()
  expect(history.due(3, 7).others).toBe(1_000)
  expect(history.due(3, 8).others).toBe(2_000)
  expect(history.due(3, 9).others).toBe(Infinity)
})
