import type { Chain } from './chain.ts'
import type { Query } from './query.ts'
import { misfit } from './schema.ts'
import { freshness, lifeOfFrame, ttlLeft } from './freshness.ts'
import type { Inspected } from './inspected.ts'
import { copy } from './isolate.ts'

/**
 * What one tier answered. `tag`: one of its tags was invalidated. `suspect`: messages of the bus may have been lost since.
 * `fenced`: a removal hasn't reached the tier yet. `unavailable`: it didn't answer. `poisoned`: what it holds can't be
 * trusted or understood.
 */
export interface ExplainStep<N extends string = string> {
  readonly tier: N
  readonly outcome:
    | 'hit'
    | 'miss'
    | 'stale'
    | 'expired'
    | 'tag'
    | 'suspect'
    | 'fenced'
    | 'unavailable'
    | 'poisoned'
  /** How long the tier took. */
  readonly ms: number
  /** Why, in words for a person; they may change. */
  readonly detail: string
  /** Tags of the entry that is there, whatever its state; the cache's own begin with `!`. Empty where none is. */
  readonly tags: readonly string[]
}

/** Why an entry would be served or not, tier by tier, near to far. */
export interface Explanation<N extends string = string> {
  readonly key: string
  readonly steps: readonly ExplainStep<N>[]
  /** Whether a read with a loader would load now. */
  readonly wouldLoad: boolean
}

/** Looks into every tier, near → far, without changing anything but the order of use. */
export async function explain(chain: Chain, key: string): Promise<Explanation> {
  const steps: ExplainStep[] = []
  const now = chain.clock.now()
  for (const tier of chain.locals.tiers) {
    const entry = tier.inspect(key)
    const tags = entry?.tags.map(({ tag }) => tag) ?? []
    const step = (outcome: ExplainStep['outcome'], detail: string) =>
      steps.push({ tier: tier.name, outcome, ms: 0, detail, tags })
    if (entry === undefined) step('miss', 'not held')
    else {
      const standing = chain.fence.standing(entry)
      const state = freshness({ ...entry, soft: entry.soft || standing === 'soft' }, now)
      const detail = `loaded ${Math.round(now - entry.createdAt)} ms ago, fresh for ${Math.round(ttlLeft(entry, now))} ms`
      if (standing === 'gone') step('tag', `a tag was invalidated; ${detail}`)
      else if (standing === 'suspect') step('suspect', `bus messages may have been lost; ${detail}`)
      else if (now >= chain.live.until && now - entry.vouchedAt >= chain.suspectTtl) {
        step('suspect', `the bus is silent; ${detail}`)
      } else step(state === 'fresh' ? 'hit' : state === 'expired' ? 'expired' : 'stale', detail)
    }
  }
  for (const link of chain.links) {
    const began = chain.clock.now()
    const step = (outcome: ExplainStep['outcome'], detail: string, tags: readonly string[] = []) =>
      steps.push({ tier: link.name, outcome, ms: chain.clock.now() - began, detail, tags })
    if (link.journal.size > 0 && link.journal.fences(key)) {
      step('fenced', 'a removal of the key waits to be confirmed')
      continue
    }
    let frame
    try {
      frame = await link.read(key)
    } catch (error) {
      step('unavailable', String(error))
      continue
    }
    if (frame === undefined) {
      step('miss', 'not held')
      continue
    }
    try {
      const { header } = await chain.frames.unseal(chain.frames.open(frame, key), false)
      const standing = await chain.tags.standing(header.tags)
      const life = lifeOfFrame(header, chain.clock.now(), chain.clock.wall())
      const soft = frame.soft || standing === 'soft'
      const state = freshness({ ...life, soft }, now)
      const tags = header.tags.map(({ tag }) => tag)
      const names = tags.join(', ')
      const detail = `${frame.bytes.length} bytes, loaded ${Math.round(now - life.createdAt)} ms ago, fresh for ${Math.round(ttlLeft(life, now))} ms${soft ? ', softly removed' : ''}${names ? `, tags ${names}` : ''}`
      if (standing === 'invalid') step('tag', `a tag was invalidated; ${detail}`, tags)
      else step(state === 'fresh' ? 'hit' : state === 'expired' ? 'expired' : 'stale', detail, tags)
    } catch (error) {
      step('poisoned', String(error))
    }
  }
  return { key, steps, wouldLoad: !steps.some((step) => step.outcome === 'hit') }
}

/** The entry in the nearest tier that has it, decoded. Never loads. */
export async function inspect(
  chain: Chain,
  query: Pick<Query, 'version' | 'codec' | 'sensitive' | 'schema'>,
  key: string,
): Promise<Inspected<unknown> | undefined> {
  const now = chain.clock.now()
  const view = chain.locals.look(key, now, undefined)
  if (view && view.state !== 'suspect' && view.state !== 'expired') {
    const { entry, position, state } = view
    return {
      value: entry.isolation === 'clone' ? copy(entry.value) : entry.value,
      tier: chain.names[position] as string,
      state,
      age: now - entry.createdAt,
      ttlLeft: ttlLeft(entry, now),
      tags: visible(entry.tags),
      version: query.version,
    }
  }
  for (const link of chain.links) {
    if (!link.usable(key)) continue
    try {
      const frame = await link.read(key)
      if (frame === undefined) continue
      const taken = await chain.frames.unseal(chain.frames.open(frame, key), query.sensitive)
      const { header } = taken
      const standing = await chain.tags.standing(header.tags)
      const life = lifeOfFrame(header, now, chain.clock.wall())
      const state = freshness({ ...life, soft: frame.soft || standing === 'soft' }, now)
      if (standing === 'invalid' || state === 'expired') continue
      const value = chain.frames.decode(taken, query.codec)
      if (query.schema && (await misfit(query.schema, value).catch(() => '')) !== undefined) continue
      return {
        value,
        tier: link.name,
        state,
        age: now - life.createdAt,
        ttlLeft: ttlLeft(life, now),
        tags: visible(header.tags),
        version: header.version,
      }
    } catch {
      continue
    }
  }
  return undefined
}

/** Tags that the user gave; the cache's own begin with `!`. */
function visible(tags: readonly { readonly tag: string }[]): string[] {
  return tags.map(({ tag }) => tag).filter((tag) => !tag.startsWith('!'))
}
