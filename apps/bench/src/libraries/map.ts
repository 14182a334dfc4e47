import type { Library } from '../library.ts'

/** No bound, no expiry: what a look-up costs at least. */
export const map: Library = {
  name: 'Map',
  version: process.version,
  note: 'no bound, no expiry: the floor',
  tiers: ['near'],
  open(o) {
    const values = new Map<string, unknown>()
    const load = async (key: string) => {
      const value = await o.load(key)
      values.set(key, value)
      return value
    }
    const read = (key: string) => {
      const value = values.get(key)
      return value === undefined ? load(key) : Promise.resolve(value)
    }
    return Promise.resolve({
      read,
      peek: (key) => values.get(key),
      remove: (key) => Promise.resolve(values.delete(key)),
      close: () => Promise.resolve(values.clear()),
    })
  },
}
