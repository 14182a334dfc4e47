import { registerHooks } from 'node:module'

/** A change of one source file, in memory only. */
export interface Planted {
  /** Path from the top of the repository. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/* Loaded before a program (`--import`), plants the fault that PLANTED_FAULT holds as JSON. */
const given = process.env['PLANTED_FAULT']
if (given !== undefined) {
  const { file, from, to } = JSON.parse(given) as Planted
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (!url.endsWith(`/${file}`)) return loaded
      const source = Buffer.from(loaded.source as Uint8Array).toString()
      if (!source.includes(from)) throw new Error(`Expected ${file} to contain: ${from}`)
      return { ...loaded, source: source.replace(from, () => to) }
    },
  })
}
