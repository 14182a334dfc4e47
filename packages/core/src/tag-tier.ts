import type { Coherence } from './coherence.ts'
import type { RemoteLink } from './remote-link.ts'

export type TagVerbs = Pick<Coherence, 'tags' | 'stampTags' | 'invalidate'>

/** Where tag generations are kept. */
export interface TagTier {
  readonly link: RemoteLink
  readonly verbs: TagVerbs
}
