const bits = 4
const fullCount = 15
/** Counts made for each hash that the sketch is made for, before all are halved. */
const sampled = 10

/**
 * How often hashes came lately, estimated: counts of at most 15, four per hash, of which the lowest is taken; when ten
 * times as many were counted as the sketch is made for, all are halved, so that what was popular once is forgotten. It
 * never says too little but for that. About 8 to 16 bytes for each hash that it is made for. Every verb but the
 * halving takes constant time, and none allocates.
 *
 * Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission Policy", ACM Transactions on Storage 2017. The
 * layout, all counts of a hash in 64 bytes that are next to each other, is Caffeine's.
 */
export class FrequencySketch {
  #table: Int32Array = new Int32Array(32)
  #blockMask = 1
  #made = 0
  #counted = 0

  /** Makes the sketch fit for `size` different hashes at a time. */
  ensure(size: number): void {
    if (size <= this.#made) return
    this.#made = size
    while (this.#table.length < size * 2) this.#double()
  }

  /** From 0 to 15. */
  frequency(hash: number): number {
    const block = (hash & this.#blockMask) << 4
    let h = spread(hash)
    let least = fullCount
    for (let row = 0; row < 4; row++) {
      const count = ((this.#table[wordOf(block, row, h)] as number) >>> shiftOf(h)) & fullCount
      if (count < least) least = count
      h >>>= 8
    }
    return least
  }

  add(hash: number): void {
    const block = (hash & this.#blockMask) << 4
    let h = spread(hash)
    let added = false
    for (let row = 0; row < 4; row++) {
      const word = wordOf(block, row, h)
      const counts = this.#table[word] as number
      const shift = shiftOf(h)
      if (((counts >>> shift) & fullCount) !== fullCount) {
        this.#table[word] = counts + (1 << shift)
        added = true
      }
      h >>>= 8
    }
    if (added && ++this.#counted >= sampled * (this.#table.length >> 1)) this.#halve()
  }

  clear(): void {
    this.#table = new Int32Array(32)
    this.#blockMask = 1
    this.#made = 0
    this.#counted = 0
  }

  /** Each block becomes two with the same counts: what was counted still is, whichever of them a hash falls into. */
  #double(): void {
    const table = new Int32Array(this.#table.length * 2)
    table.set(this.#table)
    table.set(this.#table, this.#table.length)
    this.#table = table
    this.#blockMask = (table.length >> 4) - 1
  }

  #halve(): void {
    const table = this.#table
    let odd = 0
    for (let i = 0; i < table.length; i++) {
      const counts = table[i] as number
      odd += ones(counts & 0x1111_1111)
      table[i] = (counts >>> 1) & 0x7777_7777
    }
    // Four counts for each that was made.
    this.#counted = (this.#counted - (odd >>> 2)) >>> 1
  }
}

/** Bits that are set, of those that are the lowest of a count. */
function ones(lowest: number): number {
  return (Math.imul(lowest, 0x1111_1111) >>> 28) & fullCount
}

function spread(hash: number): number {
  const h = Math.imul(hash, 0x3184_8bab)
  return h ^ (h >>> 14)
}

/** Each row has four words of a block; eight bits of the hash choose the word and the count in it. */
function wordOf(block: number, row: number, h: number): number {
  return block + (row << 2) + (h & 3)
}

function shiftOf(h: number): number {
  return ((h >>> 2) & 7) * bits
}
