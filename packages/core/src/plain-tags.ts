import type { Clock } from './clock.ts'
import type { TagState } from './coherence.ts'
import type { RemoteTier } from './remote-tier.ts'
import type { TagVerbs } from './tag-tier.ts'
import { token } from './token.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const markerLife = 30 * 86_400_000

/**
 * Tag generations in a tier that can only read and write: one small frame per tag. Not atomic between processes: two
 * that make a missing generation at once may each invalidate the other's entries, which costs loads, not coherence.
 */
export function plainTags(tier: RemoteTier, clock: Clock): TagVerbs {
  // No key of an entry begins so: names can't contain `!`.
  const keyOf = (tag: string) => `!t${tag}`
  const write = (markers: readonly { readonly tag: string; readonly state: TagState }[]) =>
    tier.write(
      markers.map(({ tag, state }) => ({
        key: keyOf(tag),
        bytes: encoder.encode([state.generation, ...state.softened].join(' ')),
        expiresAt: clock.wall() + markerLife,
      })),
    )
  const tags = async (names: readonly string[]): Promise<(TagState | undefined)[]> => {
    const frames = await tier.read(names.map(keyOf))
    return frames.map((frame) => {
      if (frame === undefined) return undefined
      const [generation, ...softened] = decoder.decode(frame.bytes).split(' ')
      return generation ? { generation, softened } : undefined
    })
  }
  return {
    tags,
    async stampTags(names) {
      const states = await tags(names)
      const made = names.flatMap((tag, i) =>
        states[i] ? [] : [{ tag, state: { generation: token(), softened: [] } satisfies TagState }],
      )
      if (made.length > 0) await write(made)
      return names.map((tag, i) => states[i]?.generation ?? made.find((m) => m.tag === tag)?.state.generation)
    },
    async invalidate(names, soft) {
      const states = soft ? await tags(names) : []
      await write(
        names.map((tag, i) => {
          const old = states[i]
          const softened = old ? [old.generation, ...old.softened].slice(0, 4) : []
          return { tag, state: { generation: token(), softened } }
        }),
      )
    },
  }
}
