import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@tierstack/cache-core'
import type { Clock, PendingWrite, WriteQueue } from '@tierstack/cache-core'
import { bytes, text, weirdNames } from './rig.ts'

export interface QueueContractOptions {
  /** Registers one test, as the `test` of vitest, `node:test`, jest and mocha do. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** The clock that the queues are opened with. @default systemClock */
  readonly clock?: Clock
  /** Lets `ms` pass for the queues and their store. @default a timer of the system */
  readonly wait?: (ms: number) => Promise<void>
}

/** Makes a new, unopened connection. All that it ever makes see the same store. */
export type MakeQueue = () => WriteQueue | Promise<WriteQueue>

const take = (worker: string, after = '', limit = 100) => ({ worker, holdMs: 10_000, after, limit })
const write = (key: string, content: string) => ({ key, bytes: bytes(content) })
const told = (writes: readonly PendingWrite[] | undefined) =>
  writes?.map(({ key, bytes: own }) => `${key}=${text(own)}`)

/**
 * Registers the tests that every write queue must pass. Every test uses a random namespace of its own.
 * @example
 * queueContract(() => redisWriteQueue({ url }), { test })
 */
export function queueContract(make: MakeQueue, options: QueueContractOptions): void {
  const { test, clock = systemClock, wait = sleep } = options
  const check = (name: string, run: (connect: () => Promise<WriteQueue>, topic: string) => Promise<void>) =>
    test(name, async () => {
      const namespace = `contract-${randomUUID().slice(0, 13)}`
      const open: WriteQueue[] = []
      try {
        await run(
          async () => {
            const queue = await make()
            open.push(queue)
            queue.open({ namespace, clock, warn: () => undefined })
            return queue
          },
          `t{}: ${randomUUID().slice(0, 8)}`,
        )
      } finally {
        for (const queue of open) await queue.close()
      }
    })

  check(
    'writes are given out in order, one per key with its latest bytes, until they are confirmed',
    async (connect, topic) => {
      const queue = await connect()
      await queue.append(topic, [write('a', '1'), write('b', '2')])
      await queue.append(topic, [write('a', '3')])
      const pending = await queue.pending(topic, ['a', 'b', 'c'])
      assert.deepEqual(
        pending.map((one) => one && text(one)),
        ['3', '2', undefined],
      )
      const taken = await queue.take(topic, take('w'))
      assert.deepEqual(told(taken?.writes), ['a=3', 'b=2'])
      const [a, b] = taken?.writes ?? []
      assert(a && b && a.token > b.token)
      // Overtaken while it was being applied: the later one stays.
      await queue.append(topic, [write('a', '4')])
      await queue.confirm(topic, [a, b])
      assert.equal((await queue.state(topic)).size, 1)
      const rest = await queue.take(topic, take('w'))
      assert.deepEqual(told(rest?.writes), ['a=4'])
      assert((rest?.writes[0]?.token ?? '') > a.token)
      await queue.confirm(topic, rest?.writes ?? [])
      const { size, first } = await queue.state(topic)
      assert.deepEqual({ size, first }, { size: 0, first: undefined })
      assert.deepEqual(await queue.pending(topic, ['a']), [undefined])
    },
  )

  check('a token is never given again, not even when nothing was left', async (connect, topic) => {
    const queue = await connect()
    let last = ''
    for (const content of ['1', '2', '3']) {
      await queue.append(topic, [write('a', content)])
      const writes = (await queue.take(topic, take('w')))?.writes ?? []
      const token = writes[0]?.token ?? ''
      assert(token > last, `${token} after ${last}`)
      last = token
      await queue.confirm(topic, writes)
    }
  })

  check(
    'what one connection appended, every other one sees, also once the first is closed',
    async (connect, topic) => {
      const [near, far] = [await connect(), await connect()]
      await near.append(topic, [write('a', '1')])
      await near.close()
      assert.deepEqual(told((await far.take(topic, take('w')))?.writes), ['a=1'])
    },
  )

  check(
    'one worker at a time has the right to apply; it lapses, and may be given back',
    async (connect, topic) => {
      const [one, two] = [await connect(), await connect()]
      await one.append(topic, [write('a', '1')])
      assert.equal((await one.take(topic, take('one')))?.writes.length, 1)
      assert.equal(await two.take(topic, take('two')), undefined)
      assert.equal(await two.renew(topic, 'two', 1_000), false)
      assert.equal(await one.renew(topic, 'one', 50), true)
      for (let i = 0; (await two.take(topic, take('two'))) === undefined; i++) {
        assert(i < 100, 'the right never lapsed')
        await wait(10)
      }
      await one.release(topic, 'one')
      assert.equal(await one.take(topic, take('one')), undefined)
      await two.release(topic, 'two')
      assert.equal((await one.take(topic, take('one')))?.writes.length, 1)
    },
  )

  check('pages go through the whole topic, and topics do not meet', async (connect, topic) => {
    const queue = await connect()
    const keys = Array.from({ length: 600 }, (_, i) => `k${i}`)
    await queue.append(
      topic,
      keys.map((key) => write(key, key)),
    )
    await queue.append(`${topic} `, [write('other', '')])
    const seen: string[] = []
    for (let after: string | undefined = ''; after !== undefined;) {
      const taken: Awaited<ReturnType<WriteQueue['take']>> = await queue.take(topic, take('w', after, 250))
      seen.push(...(taken?.writes ?? []).map(({ key }) => key))
      after = taken?.next
    }
    assert.deepEqual(seen, keys)
  })

  check('keys of every alphabet live apart', async (connect, topic) => {
    const queue = await connect()
    await queue.append(
      topic,
      weirdNames.map((key, i) => write(key, String(i))),
    )
    const pending = await queue.pending(topic, weirdNames)
    assert.deepEqual(
      pending.map((one) => one && text(one)),
      weirdNames.map((_, i) => String(i)),
    )
    const taken = await queue.take(topic, take('w'))
    assert.deepEqual(taken?.writes.map(({ key }) => key).toSorted(), weirdNames.toSorted())
  })

  check('dead letters are kept with their reason until they are discarded', async (connect, topic) => {
    const queue = await connect()
    await queue.append(topic, [write('ä', '1'), write('b', '2')])
    const writes = (await queue.take(topic, take('w')))?.writes ?? []
    await queue.append(topic, [write('b', '3')])
    await queue.bury(
      topic,
      writes.map((one) => ({ ...one, reason: 'constraint ✗' })),
    )
    const [letter, ...others] = await queue.dead(topic, 10)
    // The one that was overtaken isn't dead.
    assert.deepEqual(others, [])
    assert(letter)
    const { key, reason, token } = letter
    assert.deepEqual({ key, reason, token }, { key: 'ä', reason: 'constraint ✗', token: writes[0]?.token })
    assert.equal(text(letter.bytes), '1')
    assert.deepEqual(told((await queue.take(topic, take('w')))?.writes), ['b=3'])
    await queue.discard(topic, [token])
    assert.deepEqual(await queue.dead(topic, 10), [])
  })

  check(
    'a dead letter that is tried again waits with its old token, unless a later write does',
    async (connect, topic) => {
      const queue = await connect()
      await queue.append(topic, [write('a', '1'), write('b', '2')])
      const writes = (await queue.take(topic, take('w')))?.writes ?? []
      await queue.bury(
        topic,
        writes.map((one) => ({ ...one, reason: 'no' })),
      )
      await queue.append(topic, [write('b', '3')])
      const tokens = (await queue.dead(topic, 10)).map(({ token }) => token)
      await queue.retry(topic, tokens)
      assert.deepEqual(await queue.dead(topic, 10), [])
      const again = (await queue.take(topic, take('w')))?.writes ?? []
      assert.deepEqual(told(again)?.toSorted(), ['a=1', 'b=3'])
      const token = (key: string, all: readonly PendingWrite[]) => all.find((one) => one.key === key)?.token
      assert.equal(token('a', again), token('a', writes))
      assert((token('b', again) ?? '') > (token('b', writes) ?? ''))
      const { size, first, last } = await queue.state(topic)
      assert.equal(size, 2)
      // Whoever waits for all that is pending waits for it too.
      assert(first !== undefined && last !== undefined && first <= last)
      await queue.confirm(topic, again)
      assert.equal((await queue.state(topic)).size, 0)
    },
  )
}
