import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memory } from '@tierstack/cache-memory'
import { chaosTier, fakeClock, inProcessBus, processStore } from '@tierstack/cache-testing'
import type { ChaosTier, FakeClock, InProcessBus, ProcessStore } from '@tierstack/cache-testing'
import { createCache } from '../src/index.ts'
import type { Cache, Cached } from '../src/index.ts'

const keys = ['x', 'y'] as const
type Key = (typeof keys)[number]
interface Row {
  readonly version: number
}

interface Node {
  readonly name: string
  readonly cache: Cache<{ readonly [key: string]: unknown }, 'memory' | 'store'>
  readonly row: Cached<Key, Row, 'memory' | 'store'>
  readonly tier: ChaosTier<'store'>
}

/** A removal that was acknowledged: from then on `version` is the oldest that a reader may get. */
interface Acknowledged {
  readonly key: Key
  readonly version: number
  readonly node: string
}

/** A change of a row, from its begin until its removal is done or given up. */
interface Change {
  readonly key: Key
  readonly node: string
  over: boolean
}

/** Several processes on one store, the rows behind them, and what each process may still be given. */
class World {
  readonly clock: FakeClock = fakeClock()
  readonly bus: InProcessBus = inProcessBus({ clock: this.clock, silence: 500, delivery: 'manual' })
  readonly store: ProcessStore = processStore({ clock: this.clock, bus: this.bus })
  readonly nodes: readonly Node[]
  readonly rows: Record<Key, number> = { x: 1, y: 1 }
  readonly loads: (() => void)[] = []
  readonly pending: Promise<unknown>[] = []
  readonly broken: string[] = []
  /** Oldest version that a reader who begins now may get, by node and key. */
  readonly floor = new Map<string, number>()
  readonly #undelivered: Acknowledged[] = []
  #unnoticed = new Set<string>()
  readonly #changes: Change[] = []
  readonly #windowed: boolean

  constructor(count: number, windows: { readonly swr: number; readonly staleIfError: number }) {
    this.#windowed = windows.staleIfError > 0
    this.nodes = ['a', 'b', 'c'].slice(0, count).map((name) => this.#node(name, windows))
  }

  #node(name: string, windows: { readonly swr: number; readonly staleIfError: number }): Node {
    const tier = chaosTier(this.store.tier({ node: name }))
    const cache = createCache({
      namespace: 'test',
      clock: this.clock,
      jitter: false,
      ttl: { memory: 20_000, store: 60_000 },
      errorTtl: 0,
      ...windows,
      tiers: [memory(), tier],
    })
    const row = cache.define({
      name: 'row',
      // The row is read at once, and brought whenever the schedule says so.
      load: async (key: Key): Promise<Row> => {
        const version = this.rows[key]
        await new Promise<void>((go) => this.loads.push(go))
        return { version }
      },
      loadMany: async (wanted: readonly Key[]): Promise<Row[]> => {
        const versions = wanted.map((key) => this.rows[key])
        await new Promise<void>((go) => this.loads.push(go))
        return versions.map((version) => ({ version }))
      },
      tags: (_value, key) => ['all', `row:${key}`],
    })
    return { name, cache, row, tier }
  }

  #floorOf(node: string, key: Key): number {
    return this.floor.get(`${node} ${key}`) ?? 0
  }

  raise({ key, version, node }: Acknowledged): void {
    this.floor.set(`${node} ${key}`, Math.max(version, this.#floorOf(node, key)))
  }

  read(node: Node, key: Key, how: 'read' | 'peek' | 'get'): void {
    const floor = this.#floorOf(node.name, key)
    const check = (row: Row | undefined) => {
      if (row !== undefined && row.version < floor)
        this.broken.push(`${node.name} ${how} ${key}: got ${row.version}, acknowledged ${floor}`)
    }
    if (how === 'peek') check(node.row.peek(key))
    else {
      const reading = how === 'read' ? node.row(key) : node.row.entry(key).then((entry) => entry?.value)
      this.pending.push(reading.then(check, () => {}))
    }
  }

  warm(node: Node): void {
    this.pending.push(node.row.warm(keys))
  }

  /** Commits a new version, and removes the old one in one of the ways. */
  write(
    node: Node,
    key: Key,
    how: 'delete' | 'expire' | 'tag' | 'clear' | 'set' | 'write' | 'deferred',
  ): void {
    const change: Change = { key, node: node.name, over: false }
    const before = this.#changes.push(change)
    const track = (changing: Promise<unknown>) =>
      this.pending.push(changing.finally(() => (change.over = true)))
    const acknowledge = (version: number) => {
      this.raise({ key, version, node: node.name })
      for (const other of this.nodes) {
        if (other !== node) this.#undelivered.push({ key, version, node: other.name })
      }
    }
    const commit = () => ++this.rows[key]
    const removals = {
      delete: () => node.row.delete(key),
      expire: () => node.row.expire(key),
      tag: () => node.cache.invalidateTags(`row:${key}`),
      clear: () => node.row.clear(),
    }
    if (how === 'write') {
      let version = 0
      const writing = node.row.write(key, async () => void (version = commit()))
      track(
        writing.then(() => {
          this.raise({ key, version, node: node.name })
          // A writer who can't reach the store has its removal queued: others can't know of it.
          this.#confirmed(node, () => acknowledge(version))
        }),
      )
    } else if (how === 'deferred') {
      let version = 0
      const transaction = node.cache.deferred(async () => {
        await node.row.delete(key)
        version = commit()
      })
      track(transaction.then(() => this.#confirmed(node, () => acknowledge(version))))
    } else if (how === 'set') {
      // Only a set of the newest version is a promise; two at once may end in either order. And a set is no promise
      // where another process changes the row meanwhile: that is what `write` is for.
      const version = commit()
      const contested = () =>
        this.#changes.some(
          (one, i) => one.key === key && one.node !== node.name && (!one.over || i >= before),
        )
      const setting = node.row.delete(key).then(async (receipt) => {
        if (version !== this.rows[key] || contested()) return receipt
        await node.row.set(key, { version })
        if (contested()) await node.row.delete(key)
        return receipt
      })
      track(setting)
      this.pending.push(setting.then(({ queued }) => queued.length === 0 && acknowledge(version)))
      this.pending.push(setting.then(() => this.raise({ key, version, node: node.name })))
    } else {
      const version = commit()
      track(
        removals[how]().then(({ queued }) => {
          // A soft removal promises nothing where a window allows stale answers.
          if (how === 'expire' && this.#windowed) return
          if (queued.length === 0) acknowledge(version)
          else this.raise({ key, version, node: node.name })
        }),
      )
    }
  }

  /** Nothing is queued at this node: others were told, too. */
  #confirmed(node: Node, then: () => void): void {
    if (node.cache.stats().tiers['store']?.queued === 0) then()
  }

  deliver(): void {
    this.bus.deliver()
    const cut = this.#unnoticed
    for (const one of this.#undelivered.splice(0)) {
      if (cut.has(one.node)) this.#undelivered.push(one)
      else this.raise(one)
    }
  }

  cut(node: Node): void {
    this.#unnoticed.add(node.name)
    this.bus.cut(node.name)
  }

  heal(node: Node): void {
    this.#unnoticed.delete(node.name)
    this.bus.heal(node.name)
    this.deliver()
  }

  /** Lets time pass; whoever is cut off for longer than silence is trusted must have noticed. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms)
    if (ms <= 500) return
    for (const one of this.#undelivered.splice(0)) this.raise(one)
  }

  finishLoads(count: number): void {
    for (const go of this.loads.splice(0, count)) go()
  }

  /** Lets loads end and time pass until an answer is there. */
  async #patiently<R>(reading: Promise<R>): Promise<R> {
    for (let i = 0; i < 10; i++) {
      await this.clock.settle()
      this.finishLoads(100)
      await this.pass(20)
    }
    return await reading
  }

  /** Ends all faults, lets everything finish, and looks at every key from every node. */
  async rest(): Promise<void> {
    for (const node of this.nodes) {
      node.tier.plan = {}
      this.heal(node)
    }
    this.store.up()
    for (let i = 0; i < 40; i++) {
      this.finishLoads(100)
      this.deliver()
      await this.pass(150)
    }
    await Promise.all(this.pending)
    await this.pass(2_000)
    for (const node of this.nodes) {
      for (const key of keys) {
        // Twice: the first answer may be one that a soft removal allows while it is loaded behind.
        await this.#patiently(node.row(key))
        const { version } = await this.#patiently(node.row(key))
        if (version !== this.rows[key])
          this.broken.push(`${node.name} ${key}: ${version} for ever, the row is ${this.rows[key]}`)
      }
    }
    for (const { cache } of this.nodes) await cache.close()
  }
}

const nodeIndex = fc.nat(2)
const key = fc.constantFrom(...keys)
const readStep = fc.record({
  kind: fc.constant('read' as const),
  node: nodeIndex,
  key,
  how: fc.constantFrom('read' as const, 'read' as const, 'peek' as const, 'get' as const),
})
const writeStep = fc.record({
  kind: fc.constant('write' as const),
  node: nodeIndex,
  key,
  how: fc.constantFrom(
    'delete' as const,
    'delete' as const,
    'expire' as const,
    'tag' as const,
    'clear' as const,
    'set' as const,
    'write' as const,
    'deferred' as const,
  ),
})
const step = fc.oneof(
  { weight: 10, arbitrary: readStep },
  { weight: 4, arbitrary: writeStep },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('finish' as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('deliver' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(10, 60, 600, 1_600, 2_500, 25_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('warm' as const), node: nodeIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'heal' as const), node: nodeIndex }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('down' as const, 'up' as const), node: nodeIndex }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('evict' as const),
      name: fc.constantFrom('#row@1:sx', '#row@1:sy', 'all', 'row:x', 'row:y', '!d#row@1'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('slow' as const),
      node: nodeIndex,
      fault: fc.constantFrom(
        undefined,
        { lease: { delayAnswer: 20 } },
        { fill: { delay: 20 } },
        { delete: { delay: 20 } },
        { read: { delayAnswer: 30 }, tags: { delayAnswer: 20 } },
        { fill: 'lose' as const },
        { survey: { delayAnswer: 20 }, fillAbsent: { delay: 20 } },
        { fillAbsent: 'lose' as const },
        { delete: 'lose' as const },
        { invalidate: 'drop' as const },
      ),
    }),
  },
)

/** Some steps follow upon the one before without a pause. */
const hurried = fc.tuple(step, fc.boolean()).map(([one, hurry]) => ({ ...one, hurry }))

test('whatever happens in whatever order: nothing older than what was acknowledged, and in the end the newest', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(hurried, { minLength: 5, maxLength: 40 }),
      fc.constantFrom(2, 3),
      fc.constantFrom({ swr: 0, staleIfError: 0 }, { swr: 1_000, staleIfError: 5_000 }),
      async (steps, count, windows) => {
        const world = new World(count, windows)
        await world.clock.settle()
        for (const { hurry, ...one } of steps) {
          const node = world.nodes['node' in one ? one.node % count : 0] as Node
          if (one.kind === 'read') world.read(node, one.key, one.how)
          else if (one.kind === 'warm') world.warm(node)
          else if (one.kind === 'write') world.write(node, one.key, one.how)
          else if (one.kind === 'finish') world.finishLoads(one.count)
          else if (one.kind === 'settle') await world.clock.settle()
          else if (one.kind === 'deliver') world.deliver()
          else if (one.kind === 'pass') await world.pass(one.ms)
          else if (one.kind === 'cut') world.cut(node)
          else if (one.kind === 'heal') world.heal(node)
          else if (one.kind === 'down') world.store.down(node.name)
          else if (one.kind === 'up') world.store.up(node.name)
          else if (one.kind === 'evict') world.store.evict(one.name)
          else if (one.kind === 'slow') node.tier.plan = one.fault ?? {}
          if (!hurry) await world.clock.settle()
        }
        await world.rest()
        expect(world.broken).toEqual([])
      },
    ),
    { numRuns: 100 },
  )
})
