import type { Library } from '../library.ts'

/** What the others are for. */
export const none: Library = {
  name: 'no cache',
  version: '',
  note: 'every read is a query',
  tiers: ['near', 'far', 'both'],
  open: (o) =>
    Promise.resolve({
      read: o.load,
      remove: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }),
}
