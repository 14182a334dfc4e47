import { PassThrough } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { expect, test } from 'vitest'
import { progressBar } from '../src/index.ts'

function output(isTTY: boolean): { readonly stream: WriteStream; readonly written: () => string } {
  const chunks: Buffer[] = []
  const stream = new PassThrough()
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  Object.assign(stream, { isTTY, columns: 80, rows: 24 })
  return { stream: stream as unknown as WriteStream, written: () => Buffer.concat(chunks).toString() }
}

test('a terminal is shown what each task has done, and how long it took', () => {
  const { stream, written } = output(true)
  const bar = progressBar({ total: 10, output: stream })
  bar.progress({ name: 'users', loaded: 3, skipped: 1, failed: 0 })
  bar.progress({ name: 'users', loaded: 8, skipped: 1, failed: 1 })
  bar.stop({ seconds: 1.25 })
  expect(written()).toContain('warm after 1.3 s')
})

test('whatever is no terminal is shown nothing', () => {
  const { stream, written } = output(false)
  const bar = progressBar({ total: 10, output: stream })
  bar.progress({ name: 'users', loaded: 10, skipped: 0, failed: 0 })
  bar.stop({ seconds: 1 })
  expect(written()).toBe('')
})
