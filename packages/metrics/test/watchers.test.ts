import { expect, test } from 'vitest'
import { Watchers } from '../src/live/watchers.ts'

function watched() {
  let now = 0
  let watching = 0
  const watchers = new Watchers(
    (count) => {
      watching = count
    },
    () => now,
  )
  const reader = watchers.open(0).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const read = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString()
  return {
    watchers,
    reader,
    read,
    watching: () => watching,
    later: (ms: number) => {
      now += ms
    },
  }
}

test('a reader that takes nothing gets the latest when it reads again, not all that it missed', async () => {
  const { watchers, reader, read } = watched()
  for (let beat = 1; beat <= 1_000; beat++) watchers.send(beat, (seen) => `${seen}-${beat};`)
  let text = ''
  while (!text.includes('2000')) {
    text += await read()
    watchers.send(2_000, (seen) => `${seen}-2000;`)
  }
  const beats = text.split(';').filter((part) => part.includes('-'))
  expect(beats.length).toBeLessThan(6)
  // What a message leaves out, the next one tells: each begins where the last one sent ended.
  const spans = beats.map((part) => /(\d+)-(\d+)/.exec(part)?.slice(1))
  for (const [i, span] of spans.entries()) expect(span?.[0]).toBe(i === 0 ? '0' : spans[i - 1]?.[1])
  await reader.cancel()
})

test('one that takes nothing for half a minute is let go', async () => {
  const { watchers, watching, later } = watched()
  expect(watching()).toBe(1)
  for (let i = 0; i < 5; i++) watchers.send(1, () => 'x')
  later(29_000)
  watchers.send(1, () => 'x')
  expect(watching()).toBe(1)
  later(2_000)
  watchers.send(1, () => 'x')
  expect(watching()).toBe(0)
  watchers.send(1, () => 'x')
})

test('one that leaves is forgotten', async () => {
  const { reader, watching } = watched()
  await reader.cancel()
  await expect.poll(watching).toBe(0)
})

test('closing ends every stream', async () => {
  const { watchers, read, watching } = watched()
  watchers.close()
  expect(watching()).toBe(0)
  while ((await read()) !== '');
})
