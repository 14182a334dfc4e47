import type { SeededRandom } from '@tierstack/cache-testing'

const telling = [0, 1, 0x7f, 0x80, 0xff, 0xc1, 0xd4, 0xdd, 0x22, 0x5b, 0x7b, 0x7c, 0x3a, 0x40, 0x5f]
/** Lengths as binary formats write them: where limits lie, and where memory would be asked for. */
const lengths = [0x7fff, 0xffff, 0x10000, 0xfffff, 0x1000000, 0x1ffffff, 0x7fffffff, 0xffffffff]
/** The same as texts write them. */
const numbers = ['', '0', '00', '1', '99', '100', '255', '65536', '4294967296', '9007199254740993']
const longest = 4_096

/** An input with one to eight changes; sometimes two inputs crossed. */
export function mutated(input: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  let bytes = random.below(8) === 0 ? crossed(input, other, random) : Uint8Array.from(input)
  for (let left = 1 + random.below(1 << random.below(4)); left > 0; left--)
    bytes = changed(bytes, other, random)
  return bytes.length > longest ? bytes.subarray(0, longest) : bytes
}

function crossed(a: Uint8Array, b: Uint8Array, random: SeededRandom): Uint8Array {
  return Buffer.concat([a.subarray(0, random.below(a.length + 1)), b.subarray(random.below(b.length + 1))])
}

function changed(bytes: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(bytes.length + 1)
  const before = bytes.subarray(0, at)
  const here = (change: (byte: number) => number): Uint8Array => {
    const copy = Uint8Array.from(bytes)
    if (at < copy.length) copy[at] = change(copy[at] as number)
    return copy
  }
  switch (random.below(10)) {
    case 0:
      return here((byte) => byte ^ (1 << random.below(8)))
    case 1:
      return here(() => random.below(256))
    case 2:
      return here(() => random.pick(telling))
    case 3:
      return here((byte) => byte + random.below(17) - 8)
    case 4:
      return Buffer.concat([before, bytes.subarray(Math.min(bytes.length, at + 1 + random.below(8)))])
    case 5: {
      const more = Uint8Array.from({ length: 1 + random.below(4) }, () => random.below(256))
      return Buffer.concat([before, more, bytes.subarray(at)])
    }
    case 6: {
      const start = random.below(other.length + 1)
      return Buffer.concat([before, other.subarray(start, start + random.below(32)), bytes.subarray(at)])
    }
    case 7: {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(random.pick(lengths))
      const kept = random.pick([0, 2])
      return Buffer.concat([before, length.subarray(kept), bytes.subarray(at + 4 - kept)])
    }
    case 8: {
      const text = Buffer.from(bytes).toString('latin1')
      const [digits] = /\d+/.exec(text.slice(at)) ?? []
      if (digits === undefined) return bytes
      const start = text.indexOf(digits, at)
      return Buffer.concat([
        bytes.subarray(0, start),
        Buffer.from(random.pick(numbers)),
        bytes.subarray(start + digits.length),
      ])
    }
    default: {
      const again = bytes.subarray(at, at + 1 + random.below(32))
      return Buffer.concat([
        before,
        ...Array.from({ length: 1 + random.below(8) }, () => again),
        bytes.subarray(at),
      ])
    }
  }
}
