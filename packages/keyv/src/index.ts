export { keyvTier } from './keyv-tier.ts'
export type { KeyvAdapterLike, KeyvLike } from './keyv-like.ts'
export type { KeyvTierOptions } from './options.ts'
export { keyvStore } from './keyv-store.ts'
export type {
  Keyv5Store,
  Keyv6Store,
  KeyvCache,
  KeyvCachePart,
  KeyvPartPolicy,
  KeyvStoreCapabilities,
  KeyvStoreOptions,
  KeyvStoreVerbs,
} from './keyv-store.ts'
