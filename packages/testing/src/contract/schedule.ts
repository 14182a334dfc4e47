import assert from 'node:assert/strict'
import type { Bulk, Fence, LeaseRead, Surveyed } from '@tierstack/cache-core'
import { processStore } from '../process-store.ts'
import { seededRandom } from '../seeded-random.ts'
import type { SeededRandom } from '../seeded-random.ts'
import { Agreement } from './agreement.ts'
import type { OfKey, Pair } from './agreement.ts'
import { bytes, Rig } from './rig.ts'
import type { Check, Node, Settled } from './rig.ts'

const keys = ['a', 'b', 'c']
const tags = ['s', 't']
const intents = ['intent-000000001', 'intent-000000002']
const holdMs = 30_000

/** The same random requests to the tier and to the model, in the same order, with the answers compared. */
class Schedule {
  readonly #random: SeededRandom
  readonly #nodes: readonly Pair<Node>[]
  readonly #agreed = new Agreement()
  readonly #steps: Record<string, (node: Pair<Node>) => Promise<void>>
  #content = 0

  constructor(random: SeededRandom, nodes: readonly Pair<Node>[], withTags: boolean) {
    this.#random = random
    this.#nodes = nodes
    const some = () => this.#some(keys)
    this.#steps = {
      lease: (node) => this.#lease(node, some()),
      fill: (node) => this.#fill(node),
      ...(nodes.every(({ subject }) => subject.tier.bulk)
        ? { bulk: (node) => this.#bulk(node, some()) }
        : {}),
      release: (node) => this.#withFences(node, ({ coherence }, items) => coherence.release(items)),
      renew: (node) => this.#withFences(node, ({ coherence }, items) => coherence.renew(items, holdMs)),
      claim: (node) => this.#claim(node),
      take: (node) => this.#take(node, some()),
      read: (node) => this.#read(node, some()),
      delete: (node) => both(node, some(), ({ tier }, names) => tier.delete(names)),
      expire: (node) => both(node, some(), ({ coherence }, names) => coherence.expire(names)),
      begin: (node) => {
        const intent = random.pick(intents)
        return both(node, some(), ({ coherence }, names) => coherence.begin(names, intent, holdMs))
      },
      end: (node) => {
        const intent = random.pick(intents)
        return both(node, some(), ({ coherence }, names) => coherence.end(names, intent))
      },
      conclude: (node) => this.#conclude(node, some(), random.pick(intents)),
      ...(withTags
        ? {
            tags: (node) => this.#tags(node),
            stampTags: (node) => this.#stampTags(node, this.#some(tags)),
            invalidate: (node) => {
              const soft = random.next() < 0.5
              return both(node, this.#some(tags), ({ coherence }, names) => coherence.invalidate(names, soft))
            },
          }
        : // Whether tags outlive a clear is the tier's own business.
          { clear: (node) => both(node, [], ({ tier }) => tier.clear()) }),
    }
  }

  async run(length: number): Promise<void> {
    const names = Object.keys(this.#steps)
    const done: string[] = []
    for (let i = 0; i < length; i++) {
      const name = this.#random.pick(names)
      const at = this.#random.below(this.#nodes.length)
      done.push(`${name} by ${at}`)
      try {
        await this.#steps[name]?.(this.#nodes[at] as Pair<Node>)
      } catch (error) {
        throw new Error(`After ${done.join(', ')}: ${(error as Error).message}`, { cause: error })
      }
    }
    for (const { subject, model } of this.#nodes) {
      const expected = model.heard.filter((entry) => !entry.startsWith('filled'))
      await subject.eventually(
        () => isSubsequence(expected, subject.heard),
        () => `${expected.join(', ')} among ${subject.heard.join(', ')}`,
      )
    }
  }

  #some<T>(from: readonly T[]): T[] {
    const chosen = from.filter(() => this.#random.next() < 0.5)
    return chosen.length > 0 ? chosen : [this.#random.pick(from)]
  }

  async #lease({ subject, model }: Pair<Node>, names: string[]): Promise<void> {
    const got = await subject.coherence.lease(names, holdMs, true)
    const wanted = await model.coherence.lease(names, holdMs, true)
    this.#agreed.clocks.push({ subject: got.tagClock, model: wanted.tagClock })
    for (const [i, key] of names.entries()) {
      const [a, b] = [got.reads[i] as LeaseRead, wanted.reads[i] as LeaseRead]
      assert.equal(a.state, b.state, `lease of ${key}`)
      if (a.state === 'leased' && b.state === 'leased') this.#agreed.keepFence(key, a.fence, b.fence)
      if (a.state === 'hit' && b.state === 'hit') this.#agreed.frame(key, a.frame, b.frame)
    }
  }

  async #conclude({ subject, model }: Pair<Node>, names: string[], intent: string): Promise<void> {
    const items = names.map((key) => ({ key, intent }))
    const got = await subject.coherence.conclude(items, holdMs)
    const wanted = await model.coherence.conclude(items, holdMs)
    for (const [i, key] of names.entries()) {
      const [a, b] = [got[i], wanted[i]]
      assert.equal(a === undefined, b === undefined, `conclusion of a write of ${key}`)
      if (a !== undefined && b !== undefined) this.#agreed.keepFence(key, a, b)
    }
  }

  async #fill({ subject, model }: Pair<Node>): Promise<void> {
    const chosen = this.#oneFencePerKey()
    const items = chosen.map(({ key }) => {
      return { key, bytes: bytes(`content ${++this.#content}`), expiresAt: subject.expiry() }
    })
    const got = await subject.coherence.fill(
      items.map((item, i) => ({ ...item, fence: chosen[i]?.subject ?? '' })),
    )
    const wanted = await model.coherence.fill(
      items.map((item, i) => ({ ...item, fence: chosen[i]?.model ?? '' })),
    )
    assert.deepEqual(got, wanted, `fill of ${items.map(({ key }) => key).join(', ')}`)
  }

  /** A batch; a removal in between is of all its keys, as a tier of many parts may keep a fence for each part. */
  async #bulk(node: Pair<Node>, names: string[]): Promise<void> {
    const [near, far] = [node.subject.tier.bulk as Bulk, node.model.tier.bulk as Bulk]
    const got = await near.survey(names)
    const wanted = await far.survey(names)
    this.#agreed.clocks.push({ subject: got.tagClock, model: wanted.tagClock })
    for (const [i, key] of names.entries()) {
      const [a, b] = [got.reads[i] as Surveyed, wanted.reads[i] as Surveyed]
      assert.equal(a.state, b.state, `survey of ${key}`)
      if (a.state === 'hit' && b.state === 'hit') this.#agreed.frame(key, a.frame, b.frame)
    }
    const other = this.#random.pick(this.#nodes)
    if (this.#random.next() < 0.3) await both(other, names, ({ tier }, all) => tier.delete(all))
    const expiresAt = node.subject.expiry()
    const items = names.map((key) => ({ key, bytes: bytes(`content ${++this.#content}`), expiresAt }))
    assert.deepEqual(
      await near.fillAbsent(items, got.fence),
      await far.fillAbsent(items, wanted.fence),
      `fill of ${names.join(', ')} where nothing is`,
    )
  }

  async #withFences(
    { subject, model }: Pair<Node>,
    verb: (node: Node, items: { key: string; fence: Fence }[]) => Promise<void>,
  ): Promise<void> {
    const chosen = this.#oneFencePerKey()
    await verb(
      subject,
      chosen.map(({ key, subject: fence }) => ({ key, fence })),
    )
    await verb(
      model,
      chosen.map(({ key, model: fence }) => ({ key, fence })),
    )
  }

  async #claim({ subject, model }: Pair<Node>): Promise<void> {
    if (this.#agreed.stamps.length === 0) return
    const { key, ...stamp } = this.#random.pick(this.#agreed.stamps)
    const [got] = await subject.coherence.claim([{ key, stamp: stamp.subject }], holdMs)
    const [wanted] = await model.coherence.claim([{ key, stamp: stamp.model }], holdMs)
    this.#agreed.fence(key, got, wanted, 'claim')
  }

  async #take({ subject, model }: Pair<Node>, names: string[]): Promise<void> {
    const got = await subject.coherence.take(names, holdMs)
    const wanted = await model.coherence.take(names, holdMs)
    for (const [i, key] of names.entries()) this.#agreed.fence(key, got[i], wanted[i], 'take')
  }

  async #read({ subject, model }: Pair<Node>, names: string[]): Promise<void> {
    const got = await subject.tier.read(names)
    const wanted = await model.tier.read(names)
    for (const [i, key] of names.entries()) this.#agreed.frame(key, got[i], wanted[i])
  }

  async #tags({ subject, model }: Pair<Node>): Promise<void> {
    const got = await subject.coherence.tags(tags)
    const wanted = await model.coherence.tags(tags)
    for (const [i, tag] of tags.entries()) this.#agreed.tag(tag, got[i], wanted[i])
  }

  async #stampTags({ subject, model }: Pair<Node>, names: string[]): Promise<void> {
    if (this.#agreed.clocks.length === 0) return
    const clock =
      this.#random.next() < 0.5
        ? (this.#agreed.clocks.at(-1) as Pair<string>)
        : this.#random.pick(this.#agreed.clocks)
    const got = await subject.coherence.stampTags(names, clock.subject)
    const wanted = await model.coherence.stampTags(names, clock.model)
    for (const [i, tag] of names.entries()) this.#agreed.id(got[i], wanted[i], `stamp of tag ${tag}`)
  }

  /** Mostly the latest, because those stand most often. */
  #oneFencePerKey(): OfKey[] {
    const latest = this.#random.next() < 0.7
    return this.#some(keys).flatMap((key) => {
      const ofKey = this.#agreed.fencesOf(key)
      const fence = latest ? ofKey.at(-1) : ofKey.length > 0 ? this.#random.pick(ofKey) : undefined
      return fence ? [fence] : []
    })
  }
}

async function both(
  { subject, model }: Pair<Node>,
  names: string[],
  verb: (node: Node, names: string[]) => Promise<void>,
): Promise<void> {
  await verb(subject, names)
  await verb(model, names)
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let next = 0
  for (const entry of whole) if (entry === part[next]) next++
  return next === part.length
}

/** Random schedules of two processes, checked against the store of this package. */
export function scheduleContract(check: Check, settled: Settled): void {
  for (let i = 0; i < settled.schedules; i++) {
    const seed = settled.seed + i
    check(`two processes see what the protocol says, in random schedule ${seed}`, async (rig) => {
      const { clock } = settled
      const store = processStore({ clock })
      const model = new Rig({ ...settled, make: () => store.tier() })
      const nodes = [
        { subject: await rig.connect(), model: await model.connect() },
        { subject: await rig.connect(), model: await model.connect() },
      ]
      await new Schedule(seededRandom(seed), nodes, i % 4 !== 3).run(80)
      await model.close()
    })
  }
}
