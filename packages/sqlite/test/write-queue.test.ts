import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@tierstack/cache-core'
import type { Clock, WriteQueue } from '@tierstack/cache-core'
import { queueContract } from '@tierstack/cache-testing'
import { afterAll, describe, expect, test } from 'vitest'
import { sqlite, sqliteWriteQueue } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'tierstack-queue-'))
afterAll(() => rmSync(folder, { recursive: true }))

const write = { key: 'a', bytes: Buffer.from('1') }

function open(path: string): WriteQueue {
  const queue = sqliteWriteQueue({ path })
  queue.open({ namespace: 'test', clock: systemClock, warn: () => undefined })
  return queue
}

describe('the write queue', () => {
  queueContract(() => sqliteWriteQueue({ path: join(folder, 'contract', 'queue.sqlite') }), { test })
})

test('an append into a file that was removed meanwhile is not acknowledged, and the next one goes into a new file', async () => {
  const path = join(folder, 'removed.sqlite')
  const queue = open(path)
  await queue.append('t', [write])
  rmSync(path)
  await expect(queue.append('t', [write])).rejects.toThrow('it was replaced, removed')
  await queue.append('t', [write])
  expect(existsSync(path)).toBe(true)
  await queue.close()
})

test("another program's database is refused, and left as it is", async () => {
  const path = join(folder, 'tier.sqlite')
  const tier = sqlite({ path })
  tier.open({ namespace: 'test', clock: systemClock, lost: () => undefined, warn: () => undefined })
  await tier.hello()
  await tier.close()
  const queue = open(path)
  await expect(queue.append('t', [write])).rejects.toThrow('got another database: choose another path')
  await queue.close()
})

test('a damaged file is refused and kept, as writes may be in it', async () => {
  const path = join(folder, 'damaged.sqlite')
  writeFileSync(path, 'x'.repeat(8_192))
  copyFileSync(path, `${path}.before`)
  const queue = open(path)
  await expect(queue.append('t', [write])).rejects.toThrow('its content is damaged')
  await queue.close()
  expect(existsSync(path)).toBe(true)
})

test('what would not last is refused by the options', () => {
  expect(() => sqliteWriteQueue({ path: ':memory:' })).toThrow('as writes have to last')
  expect(() => sqliteWriteQueue({ path: '' })).toThrow('Expected `path`')
})

describe('when the wall clock is set', () => {
  const holdMs = 5_000
  const worker = (path: string, name: string, clock: Clock) => {
    const queue = sqliteWriteQueue({ path })
    queue.open({ namespace: 'test', clock, warn: () => undefined })
    const takes = async () =>
      (await queue.take('t', { worker: name, holdMs, after: '', limit: 10 })) !== undefined
    return { queue, takes }
  }
  const twoWorkers = async (name: string) => {
    const time = { now: 1_000, wall: 1_800_000_000_000 }
    const clock: Clock = { now: () => time.now, wall: () => time.wall, after: () => () => undefined }
    const path = join(folder, name)
    const [first, second] = [worker(path, 'first', clock), worker(path, 'second', clock)]
    await first.queue.append('t', [write])
    expect([await first.takes(), await second.takes()]).toEqual([true, false])
    return { time, first, second, close: () => Promise.all([first.queue.close(), second.queue.close()]) }
  }

  test('back, the right of a worker that died ends all the same', async () => {
    const { time, second, close } = await twoWorkers('back.sqlite')
    time.wall -= 3_600_000
    time.now += holdMs - 1
    expect(await second.takes()).toBe(false)
    time.now += 1
    expect(await second.takes()).toBe(true)
    await close()
  })

  test('forward, a worker that lives keeps its right', async () => {
    const { time, first, second, close } = await twoWorkers('forward.sqlite')
    time.wall += 3_600_000
    time.now += holdMs - 1
    expect(await second.takes()).toBe(false)
    expect(await first.queue.renew('t', 'first', holdMs)).toBe(true)
    time.now += holdMs - 1
    time.wall += holdMs - 1
    expect(await second.takes()).toBe(false)
    await first.queue.release('t', 'first')
    expect(await second.takes()).toBe(true)
    await close()
  })
})
