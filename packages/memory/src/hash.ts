/** Differs from process to process, so that nobody outside can choose keys which share a bucket. */
const seed = Math.trunc(Math.random() * 2 ** 32)

const wide = new Float64Array(1)
const halves = new Int32Array(wide.buffer)

/** Finalizer of MurmurHash3: every bit of the input moves every bit of the result. */
function mixed(given: number): number {
  let h = given
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

// Looked up once: an engine that has met many kinds of text looks it up anew for each letter.
// oxlint-disable-next-line unbound-method -- it is always called on a text
const { charCodeAt } = String.prototype

/** FNV-1a over UTF-16 units. */
function ofText(text: string, from: number): number {
  const { length } = text
  let h = from
  for (let i = 0; i < length; i++) h = Math.imul(h ^ charCodeAt.call(text, i), 0x01000193)
  return h
}

/** 32 bits for the input of a key: equal for inputs that are the same key, under a prefix with the seed `from`. */
export function hashOf(input: unknown, from: number): number {
  if (typeof input === 'string') return mixed(ofText(input, from))
  if (typeof input === 'number') {
    const whole = input | 0
    if (whole === input) return mixed(from ^ whole)
    wide[0] = input
    return mixed(from ^ (halves[0] as number) ^ mixed(halves[1] as number))
  }
  return mixed(ofText(`${typeof input} ${String(input)}`, from))
}

export const seedOf = (prefix: string): number => mixed(ofText(prefix, seed))
