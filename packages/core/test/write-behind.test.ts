import { memory } from '@tierstack/cache-memory'
import { fakeClock, inProcessBus, processQueue, processStore } from '@tierstack/cache-testing'
import type { FakeClock } from '@tierstack/cache-testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCache } from '../src/index.ts'
import type { Codec, Definition } from '../src/index.ts'
import { finish, outcome } from './rig.ts'

interface Row {
  readonly value: string
  readonly token: string
}

/** A table whose writes carry tokens: one that isn't greater than the row's is ignored, as the read-me says. */
class Table {
  readonly rows = new Map<number, Row>()
  /** Every save that was asked for. */
  readonly saves: string[] = []
  loads = 0
  failing: ((id: number) => unknown) | undefined
  /** Saves commit, and their callers never hear of it. */
  mute = false

  readonly save = async (id: number, value: string, { token }: { readonly token: string }): Promise<void> => {
    this.saves.push(`${id}=${value}`)
    const error = this.failing?.(id)
    if (error !== undefined) throw error
    const row = this.rows.get(id)
    if (row === undefined || row.token < token) this.rows.set(id, { value, token })
    if (this.mute) await new Promise<never>(() => {})
  }

  readonly load = (id: number): string => {
    this.loads++
    return this.rows.get(id)?.value ?? 'nothing'
  }
}

function fleet(clock: FakeClock = fakeClock()) {
  const bus = inProcessBus({ clock })
  const store = processStore({ clock, bus })
  const queue = processQueue({ clock })
  const table = new Table()
  /** Keys of which the queue refuses one write. */
  const unwanted = new Set<string>()
  const connect = () => {
    const connected = queue.connect()
    const append: typeof connected.append = (topic, writes) =>
      writes.some(({ key }) => unwanted.delete(key))
        ? Promise.reject(new Error('unwanted'))
        : connected.append(topic, writes)
    return { ...connected, append }
  }
  /** A process with a cache of its own. */
  const start = (rest: Partial<Definition<number, string>> = {}, codec?: Codec) => {
    const cache = createCache({
      ...(codec && { codec }),
      namespace: 'test',
      jitter: false,
      clock,
      random: () => 0.5,
      writeQueue: connect(),
      tiers: [memory(), store.tier()],
    })
    const row = cache.define<number, string>({
      name: 'row',
      load: table.load,
      save: table.save,
      write: 'behind',
      ...rest,
    })
    return { cache, row, [Symbol.asyncDispose]: () => finish(clock, cache.close()) }
  }
  return { clock, store, queue, table, unwanted, start }
}

describe('write-behind: acknowledged by the queue, saved later', () => {
  test('a write is acknowledged before the source has it, and saved soon after', async () => {
    const { clock, table, start } = fleet()
    await using node = start()
    table.failing = () => new Error('not yet')
    expect(await node.row.write(1, 'new')).toBe('new')
    expect(table.rows.get(1)).toBeUndefined()
    table.failing = undefined
    await clock.advance(1_000)
    expect(table.rows.get(1)?.value).toBe('new')
    expect(await node.row(1)).toBe('new')
    expect(table.loads).toBe(0)
  })

  test('every process sees the pending value, from its tiers and past them', async () => {
    const { table, start } = fleet()
    table.failing = () => new Error('down')
    await using a = start()
    await using b = start()
    expect(await b.row(1)).toBe('nothing')
    await a.row.write(1, 'new')
    expect(await a.row(1)).toBe('new')
    expect(await b.row(1)).toBe('new')
    expect(await b.row(1, { forceFresh: true })).toBe('new')
    await a.cache.clear()
    expect(await b.row(1)).toBe('new')
    expect(await b.row.many([1, 2])).toEqual(['new', 'nothing'])
    expect(table.loads).toBe(2)
  })

  test('the same holds for definitions that load in batches', async () => {
    const { table, start } = fleet()
    table.failing = () => new Error('down')
    await using node = start({
      loadMany: (ids) => Promise.resolve(new Map(ids.map((id) => [id, table.load(id)]))),
    })
    await node.row.write(2, 'new')
    await node.cache.clear()
    expect(await node.row.many([1, 2, 3])).toEqual(['nothing', 'new', 'nothing'])
    expect(table.loads).toBe(2)
  })

  test('writes of one key that wait together are saved once, with the last value', async () => {
    const { clock, table, start } = fleet()
    await using node = start()
    table.failing = () => new Error('down')
    for (const value of ['a', 'b', 'c']) await node.row.write(1, value)
    table.saves.length = 0
    table.failing = undefined
    await clock.advance(2_000)
    expect(table.saves).toEqual(['1=c'])
  })

  test('flush waits for what was written before it, and tells what is left when its time is over', async () => {
    const { clock, table, start } = fleet()
    await using node = start()
    await Promise.all([1, 2, 3].map((id) => node.row.write(id, 'new')))
    expect(await finish(clock, node.row.flush())).toBe(0)
    expect([...table.rows.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    table.failing = (id) => (id === 4 ? new Error('down') : undefined)
    await node.row.write(4, 'new')
    expect(await finish(clock, node.row.flush({ timeout: 500 }))).toBe(1)
  })

  test('a process that died between save and confirmation: the next one saves again, the token makes it once', async () => {
    const { clock, table, queue, start } = fleet()
    const dead = start()
    table.mute = true
    await dead.row.write(1, 'new')
    await clock.advance(100)
    expect(table.saves).toEqual(['1=new'])
    expect(queue.pendingKeys('#row')).toHaveLength(1)
    table.mute = false
    await using next = start()
    await clock.advance(30_000)
    expect(await finish(clock, next.row.flush())).toBe(0)
    expect(table.saves.length).toBeGreaterThan(1)
    expect(table.rows.get(1)?.value).toBe('new')
    void dead.cache.close()
  })

  test('only one process of a fleet saves', async () => {
    const { clock, table, start } = fleet()
    await using a = start()
    await using b = start()
    for (let id = 0; id < 20; id++) await (id % 2 ? a : b).row.write(id, 'new')
    await finish(clock, b.row.flush())
    expect(table.saves).toHaveLength(20)
  })

  test('a row that the source refuses does not stop the others, and becomes a dead letter', async () => {
    const { clock, table, start } = fleet()
    await using node = start({ behind: { attempts: 3 } })
    const seen: string[] = []
    node.cache.on('save:error', (event) => seen.push(`${event.key()} ${event.attempts} ${event.dead}`))
    table.failing = (id) => (id === 13 ? new Error('no such row') : undefined)
    await node.row.write(13, 'bad')
    expect(await node.row(13)).toBe('bad')
    for (let id = 0; id < 6; id++) {
      await node.row.write(id, 'good')
      await clock.advance(1_000)
    }
    expect(table.rows.size).toBe(6)
    expect(seen.at(-1)).toBe('#row@1:n13 3 true')
    const [letter] = await node.row.deadLetters()
    expect(letter).toMatchObject({ input: 13, value: 'bad', reason: 'Error: no such row', version: '1' })
    // What readers saw is no longer on its way.
    expect(await node.row(13)).toBe('nothing')
    await node.row.discard(letter?.token ?? '')
    expect(await node.row.deadLetters()).toEqual([])
  })

  test('a dead letter that is tried again is seen by readers at once, and saved', async () => {
    const { clock, table, start } = fleet()
    await using node = start({ behind: { attempts: 1 } })
    await using other = start()
    table.failing = (id) => (id === 13 ? new Error('not yet') : undefined)
    await node.row.write(13, 'good')
    await node.row.write(1, 'good')
    await clock.advance(1_000)
    const [letter] = await node.row.deadLetters()
    expect([await node.row(13), await other.row(13)]).toEqual(['nothing', 'nothing'])
    await other.row.retry('no such token')
    expect(table.rows.has(13)).toBe(false)
    table.failing = undefined
    await other.row.retry(letter?.token ?? '')
    expect([await node.row(13), await other.row(13)]).toEqual(['good', 'good'])
    expect(await node.row.deadLetters()).toEqual([])
    await clock.advance(1_000)
    expect(table.saves.filter((one) => one === '13=good')).toHaveLength(2)
  })

  test('a source that is down for hours buries nothing', async () => {
    const { clock, table, start } = fleet()
    await using node = start({ behind: { attempts: 2, longestBackoff: '10s' } })
    table.failing = () => new Error('down')
    for (let id = 0; id < 5; id++) await node.row.write(id, 'new')
    await clock.advance(3_600_000)
    expect(table.saves.length).toBeLessThan(5_000)
    table.failing = undefined
    await clock.advance(20_000)
    expect(table.rows.size).toBe(5)
    expect(await node.row.deadLetters()).toEqual([])
  })

  test('a save that hangs counts as failed after `timeouts.write`', async () => {
    const { clock, table, start } = fleet()
    await using node = start({ timeouts: { write: '2s' } })
    table.mute = true
    await node.row.write(1, 'new')
    await clock.advance(1_900)
    expect(table.saves).toHaveLength(1)
    table.mute = false
    await clock.advance(2_000)
    expect(table.saves.length).toBeGreaterThan(1)
    expect(await finish(clock, node.row.flush())).toBe(0)
  })

  test('`saveMany` gets what waits in one go; a batch that fails is taken apart', async () => {
    const { clock, table, start } = fleet()
    const batches: number[] = []
    await using node = start({
      saveMany: async (writes) => {
        batches.push(writes.length)
        if (writes.some(({ input }) => input === 3)) throw new Error('one of them')
        for (const { input, value, token } of writes) await table.save(input, value, { token })
      },
    })
    await Promise.all([0, 1, 2].map((id) => node.row.write(id, 'new')))
    await finish(clock, node.row.flush())
    expect(batches).toEqual([3])
    table.failing = (id) => (id === 3 ? new Error('this one') : undefined)
    await Promise.all([3, 4, 5].map((id) => node.row.write(id, 'new')))
    await clock.advance(100)
    expect([...table.rows.keys()].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 4, 5])
  })

  test('what the source made of a value is what readers see once it is saved', async () => {
    const { clock, table, start } = fleet()
    await using node = start({
      save: async (id, value, context) => {
        await table.save(id, value.toUpperCase(), context)
        return value.toUpperCase()
      },
    })
    table.failing = () => new Error('not yet')
    await node.row.write(1, 'new')
    expect(await node.row(1)).toBe('new')
    table.failing = undefined
    await finish(clock, node.row.flush())
    expect(await node.row(1)).toBe('NEW')
  })
})

describe('write-behind: two versions side by side', () => {
  test('what one loads while a write of the other is pending is removed once the source has that', async () => {
    const { clock, table, start } = fleet()
    await using old = start({ version: 1 })
    await using next = start({ version: 2 })
    expect(await old.row(1)).toBe('nothing')
    table.failing = () => new Error('not yet')
    await next.row.write(1, 'new')
    // Of another shape, and the source hasn't got it.
    expect(await old.row(1)).toBe('nothing')
    expect(await old.row.many([1])).toEqual(['nothing'])
    table.failing = undefined
    expect(await finish(clock, next.row.flush())).toBe(0)
    expect(await old.row(1)).toBe('new')
    expect(await next.row(1)).toBe('new')
  })

  test('the same holds for definitions that load in batches', async () => {
    const { clock, table, start } = fleet()
    const loadMany = (ids: readonly number[]) => Promise.resolve(ids.map((id) => table.load(id)))
    await using old = start({ version: 1, loadMany })
    await using next = start({ version: 2, loadMany })
    table.failing = () => new Error('not yet')
    await next.row.write(1, 'new')
    expect(await old.row.many([1, 2])).toEqual(['nothing', 'nothing'])
    await old.row.warm([1, 3])
    table.failing = undefined
    expect(await finish(clock, next.row.flush())).toBe(0)
    expect(await old.row.many([1, 2, 3])).toEqual(['new', 'nothing', 'nothing'])
  })

  test.each([1, 2])('what version %d made of a value, or buried, is what both read', async (saver) => {
    const { clock, table, start } = fleet()
    let refusing = false
    const save = async (id: number, value: string, context: { readonly token: string }) => {
      if (refusing && id === 13) throw new Error('no such row')
      await table.save(id, value.toUpperCase(), context)
      return value.toUpperCase()
    }
    const rest = { save, behind: { attempts: 1 } }
    // Who comes first has the right to save.
    await using first = start({ ...rest, version: saver })
    await clock.advance(1_000)
    await using second = start({ ...rest, version: 3 - saver })
    await second.row.write(1, 'new')
    await first.row.write(2, 'new')
    refusing = true
    await second.row.write(13, 'bad')
    expect(await finish(clock, second.row.flush())).toBe(0)
    for (const { row } of [first, second])
      expect(await row.many([1, 2, 13])).toEqual(['NEW', 'NEW', 'nothing'])
  })
})

describe('write-behind: when the queue is in trouble', () => {
  test('a write is refused, by name, and is nowhere', async () => {
    const { clock, table, queue, start } = fleet()
    await using node = start()
    queue.down()
    await expect(node.row.write(1, 'new')).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    expect(node.row.peek(1)).toBeUndefined()
    queue.up()
    expect(await finish(clock, node.row(1))).toBe('nothing')
    expect(table.saves).toEqual([])
  })

  test('a refused write may have been taken: then it is applied, and seen', async () => {
    const { clock, queue, table, start } = fleet()
    await using node = start()
    queue.down('lose')
    await expect(node.row.write(1, 'new')).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    queue.up()
    expect(await finish(clock, node.row(1))).toBe('new')
    await clock.advance(60_000)
    expect(table.rows.get(1)?.value).toBe('new')
  })

  test('a load fails rather than overlook an acknowledged write, unless it may', async () => {
    const { clock, table, queue, start } = fleet()
    table.failing = () => new Error('down')
    await using node = start({ errorTtl: 0 })
    await using lax = start({ name: 'lax', behind: { pending: 'optional' } })
    await node.row.write(1, 'new')
    await finish(
      clock,
      node.cache.clear().then(() => undefined),
    )
    queue.down()
    await expect(node.row(1)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' })
    expect(await lax.row(1)).toBe('nothing')
    queue.up()
    expect(await node.row(1)).toBe('new')
  })

  test('what was acknowledged before is saved when the queue is back', async () => {
    const { clock, table, queue, start } = fleet()
    await using node = start()
    table.failing = () => new Error('down')
    await node.row.write(1, 'new')
    queue.down()
    table.failing = undefined
    await clock.advance(10_000)
    expect(table.rows.size).toBe(0)
    queue.up()
    await clock.advance(60_000)
    expect(table.rows.get(1)?.value).toBe('new')
  })
})

describe('write-behind: when the right to save is lost', () => {
  test('a process that was stopped for long begins no save that it had taken before', async () => {
    const { clock, table, queue, start } = fleet()
    const other = queue.connect()
    const waiting: (() => void)[] = []
    const { save } = table
    await using node = start({
      name: 'slow',
      behind: { concurrency: 1 },
      timeouts: { write: '60s' },
      save: async (id, value, context) => {
        await new Promise<void>((resolve) => waiting.push(resolve))
        await save(id, value, context)
      },
    })
    await Promise.all([1, 2, 3].map((id) => node.row.write(id, 'old')))
    await clock.advance(100)
    expect(waiting).toHaveLength(1)
    // Its renewals don't arrive, and somebody else takes over.
    queue.down()
    await clock.advance(6_000)
    queue.up()
    expect(await other.take('#slow', { worker: 'other', holdMs: 60_000, after: '', limit: 10 })).toBeDefined()
    waiting[0]?.()
    await clock.advance(10_000)
    expect(waiting).toHaveLength(1)
    expect(table.saves).toEqual(['1=old'])
  })

  for (const ids of [[1], [1, 2]]) {
    test(`nor one that was stopped while it opened ${ids.length === 1 ? 'a write' : 'several'}`, async () => {
      const time = fakeClock()
      let stopped = 0
      const { clock, table, start } = fleet({ ...time, now: () => time.now() + stopped })
      const slow: Codec = {
        id: 200,
        name: 'slow',
        encode: (value) => Buffer.from(JSON.stringify(value)),
        decode: (bytes) => {
          // Once, for longer than the right is held.
          stopped ||= 6_000
          return JSON.parse(Buffer.from(bytes).toString()) as unknown
        },
      }
      const begun: number[] = []
      const save = table.save
      await using node = start(
        {
          save: (id, value, context) => {
            begun.push(stopped)
            return save(id, value, context)
          },
          saveMany: async (writes) => {
            begun.push(stopped)
            for (const { input, value, token } of writes) await save(input, value, { token })
          },
        },
        slow,
      )
      await Promise.all(ids.map((id) => node.row.write(id, 'new')))
      await clock.settle()
      expect([stopped, begun]).toEqual([6_000, []])
      expect(await finish(clock, node.row.flush())).toBe(0)
      expect(table.saves.toSorted()).toEqual(ids.map((id) => `${id}=new`))
    })
  }
})

describe('write-behind and transactions', () => {
  test('what a transaction within another queued is dropped with it, and what the outer one did is not', async () => {
    const { clock, table, start } = fleet()
    await using node = start()
    await node.cache.deferred(async () => {
      await node.row.write(1, 'kept')
      const savepoint = node.cache.deferred(async () => {
        await node.row.write(1, 'rolled back')
        await node.cache.deferred(() => node.row.write(2, 'rolled back'))
        throw new Error('to the savepoint')
      })
      await savepoint.catch(() => undefined)
      await node.cache.deferred(() => node.row.write(3, 'kept'))
    })
    await finish(clock, node.row.flush())
    expect(table.saves.toSorted()).toEqual(['1=kept', '3=kept'])
  })

  test('what one began and another outlived is queued at once', async () => {
    const { clock, table, start } = fleet()
    await using node = start()
    const end = Promise.withResolvers<void>()
    let inner: Promise<void> = Promise.resolve()
    await node.cache.deferred(() => {
      inner = node.cache.deferred(async () => {
        await node.row.write(1, 'before')
        await end.promise
        await node.row.write(2, 'after')
      })
    })
    end.resolve()
    await inner
    await finish(clock, node.row.flush())
    expect(table.saves.toSorted()).toEqual(['1=before', '2=after'])
  })

  test('queued after the commit, dropped after a rollback', async () => {
    const { clock, table, start } = fleet()
    await using node = start()
    await expect(
      node.cache.deferred(async () => {
        await node.row.write(1, 'rolled back')
        throw new Error('rollback')
      }),
    ).rejects.toThrow('rollback')
    await clock.advance(1_000)
    expect(table.saves).toEqual([])
    await node.cache.deferred(async () => {
      await node.row.write(1, 'first')
      await node.row.write(1, 'second')
      await clock.advance(1_000)
      expect(table.saves).toEqual([])
      expect(node.row.peek(1)).toBeUndefined()
    })
    expect(await node.row(1)).toBe('second')
    await finish(clock, node.row.flush())
    expect(table.rows.get(1)?.value).toBe('second')
  })

  test('a queue that refuses after the commit rejects the transaction', async () => {
    const { queue, start } = fleet()
    await using node = start()
    const work = node.cache.deferred(async () => {
      await node.row.write(1, 'new')
      queue.down()
    })
    await expect(work).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    queue.up()
  })

  test('a write that is refused after the commit takes none but later ones of its key with it', async () => {
    const { clock, table, unwanted, start } = fleet()
    await using node = start()
    const write = (...ids: number[]) =>
      node.cache.deferred(async () => {
        for (const id of ids) await node.row.write(id, `new ${id}`)
      })
    unwanted.add('n1')
    await expect(write(1, 2, 1)).rejects.toMatchObject({ code: 'WRITE_REFUSED' })
    unwanted.add('n3').add('n4')
    await expect(write(3, 4, 5)).rejects.toMatchObject({
      errors: [{ code: 'WRITE_REFUSED' }, { code: 'WRITE_REFUSED' }],
    })
    await finish(clock, node.row.flush())
    expect(table.saves.toSorted()).toEqual(['2=new 2', '5=new 5'])
  })
})

test('whatever fails and whoever dies: the source ends with the last acknowledged write of each key, in order', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), id: fc.nat(2) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), id: fc.nat(900) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), id: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('queue' as const), id: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('source' as const), id: fc.nat(2) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, table, queue, start } = fleet()
      let node = start()
      const crashed: (typeof node)[] = []
      const expected = new Map<number, string>()
      const doubtful = new Map<number, Set<string>>()
      const misread: unknown[] = []
      let count = 0
      for (const { do: what, id } of steps) {
        if (what === 'wait') await clock.advance(id)
        else if (what === 'queue') {
          if (id === 0) queue.up()
          else queue.down(id === 1 ? 'drop' : 'lose')
        } else if (what === 'source') {
          table.failing = id === 0 ? undefined : (row) => (row === id ? new Error('refused') : undefined)
        } else if (what === 'crash') {
          // What it was doing never ends; what it had is gone.
          table.mute = true
          await clock.advance(150)
          crashed.push(node)
          table.mute = false
          node = start()
        } else {
          const value = `v${++count}`
          const told = await outcome(node.row.write(id, value), clock)
          if (told === value) {
            expected.set(id, value)
            doubtful.delete(id)
            const seen = await outcome(node.row(id), clock)
            if (seen !== value) misread.push(seen)
          } else doubtful.set(id, (doubtful.get(id) ?? new Set()).add(value))
        }
      }
      queue.up()
      table.failing = undefined
      await clock.advance(120_000)
      expect(misread).toEqual([])
      for (const id of [0, 1, 2]) {
        const allowed = new Set([expected.get(id), ...(doubtful.get(id) ?? [])])
        expect(allowed).toContain(table.rows.get(id)?.value)
      }
      for (const one of [...crashed, node]) await finish(clock, one.cache.close())
    }),
    { numRuns: 25 },
  )
})
