import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fakeClock } from '@tierstack/cache-testing'
import type { FakeClock } from '@tierstack/cache-testing'
import { expect, test } from 'vitest'
import { connect, newPath } from './rig.ts'
import type { Connection } from './rig.ts'

/** What two namespaces hold, as anybody would say it. */
type Model = Map<string, { readonly text: string; readonly until: number; soft: boolean }>

interface World {
  readonly path: string
  readonly clock: FakeClock
  /** Two processes in each of two namespaces. */
  readonly nodes: Connection[]
}

type Step = fc.AsyncCommand<Model, World>

const namespaces = ['one', 'two'] as const
const place = fc.nat({ max: 3 })
const name = fc.constantFrom('', 'a', 'a\0', '😀', '__proto__', '%')

const spaceOf = (node: number): string => namespaces[node % 2] as string
const nodeAt = (world: World, node: number): Connection => world.nodes[node] as Connection

function step(label: string, run: (model: Model, world: World) => Promise<void>): Step {
  return { check: () => true, run, toString: () => label }
}

const put = fc
  .tuple(place, name, fc.string(), fc.integer({ min: 1, max: 90 }))
  .map(([node, key, text, life]) =>
    step(`put ${node} ${JSON.stringify(key)} for ${life}`, async (model, world) => {
      await nodeAt(world, node).put(key, text, life)
      model.set(`${spaceOf(node)} ${key}`, { text, until: world.clock.wall() + life, soft: false })
    }),
  )

const drop = fc.tuple(place, fc.uniqueArray(name)).map(([node, keys]) =>
  step(`delete ${node} ${JSON.stringify(keys)}`, async (model, world) => {
    await nodeAt(world, node).tier.delete(keys)
    for (const key of keys) model.delete(`${spaceOf(node)} ${key}`)
  }),
)

const soften = fc.tuple(place, name).map(([node, key]) =>
  step(`expire ${node} ${JSON.stringify(key)}`, async (model, world) => {
    await nodeAt(world, node).tier.coherence.expire([key])
    const entry = model.get(`${spaceOf(node)} ${key}`)
    if (entry) entry.soft = true
  }),
)

const clear = place.map((node) =>
  step(`clear ${node}`, async (model, world) => {
    await nodeAt(world, node).tier.clear()
    for (const key of model.keys()) if (key.startsWith(`${spaceOf(node)} `)) model.delete(key)
  }),
)

const wait = fc.integer({ min: 1, max: 60 }).map((ms) =>
  step(`wait ${ms}`, async (_, { clock }) => {
    await clock.advance(ms)
  }),
)

const reopen = place.map((node) =>
  step(`reopen ${node}`, async (_, world) => {
    await nodeAt(world, node).tier.close()
    world.nodes[node] = await connect({ path: world.path, clock: world.clock, namespace: spaceOf(node) })
  }),
)

const look = place.map((node) =>
  step(`look ${node}`, async (model, world) => {
    const keys = ['', 'a', 'a\0', '😀', '__proto__', '%']
    const frames = await nodeAt(world, node).tier.read(keys)
    const found = frames.map((frame) => frame && [new TextDecoder().decode(frame.bytes), frame.soft])
    const expected = keys.map((key) => {
      const entry = model.get(`${spaceOf(node)} ${key}`)
      return entry && entry.until > world.clock.wall() ? [entry.text, entry.soft] : undefined
    })
    assert.deepEqual(found, expected)
  }),
)

test('whatever processes of two namespaces do with one file, each finds what was put and not removed', async () => {
  const commands = fc.commands([put, put, drop, soften, clear, wait, reopen, look, look], { maxCommands: 40 })
  const outcome = await fc.check(
    fc.asyncProperty(commands, async (steps) => {
      const [path, clock] = [newPath(), fakeClock()]
      const nodes = await Promise.all(
        [0, 1, 2, 3].map((node) => connect({ path, clock, namespace: spaceOf(node) })),
      )
      await fc.asyncModelRun(() => ({ model: new Map(), real: { path, clock, nodes } }), steps)
      await Promise.all(nodes.map(({ tier }) => tier.close()))
    }),
    { numRuns: 60 },
  )
  expect(outcome.failed ? fc.defaultReportMessage(outcome) : undefined).toBeUndefined()
})
