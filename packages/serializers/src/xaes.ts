import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync } from 'node:crypto'
import type { Cipheriv, KeyObject } from 'node:crypto'
import type { SealKey } from '@tierstack/cache-core'

/*
 * XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived from the first half of a nonce of 192
 * bits; the second half is the nonce of GCM. Sealed bytes: nonce(24) · ciphertext · tag(16).
 *
 * Both halves are random, but a process keeps the first one for 2^16 values, so that writer and reader derive a key
 * once for many. Under one derived key the chance that any two of the 2^16 random nonces of 96 bits are equal is below
 * 2^32 / 2^97 = 2^-65; NIST SP 800-38D (8.3) allows 2^32 values at 2^-32. For 2^48 values under one secret, which are
 * 2^32 first halves, that adds up to 2^-33, and that any two first halves are equal has a chance of 2^64 / 2^97 = 2^-33,
 * which alone does no harm yet. (A first half per value would carry 2^80 values at 2^-32; plain AES-GCM carries 2^32.)
 * What equal first halves tell: that one process wrote these values.
 */
const nonceLength = 24
const tagLength = 16
export const secretLength = 32
const cipher = 'aes-256-gcm'
const tagOption = { authTagLength: tagLength } as const

/** Bytes by which sealing lengthens. */
const overhead = nonceLength + tagLength

const halfLength = 12
/** How many values a process seals under one first half of the nonce. */
export const valuesEach: number = 2 ** 16
/** First halves whose derived keys a reader remembers, the oldest goes first. */
const halvesKept = 1_024

/** Random bytes for some hundred halves: asking for each alone costs more than sealing a small value. */
const pool = Buffer.alloc(halfLength * 512)
let taken = pool.length

/** Half a nonce; good until the next one is asked for. */
function freshHalf(): Buffer {
  if (taken === pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  taken += halfLength
  return pool.subarray(taken - halfLength, taken)
}

/** The first half of a nonce, as a text. */
function halfOf(nonce: Uint8Array): string {
  const unit = (at: number) => ((nonce[at] as number) << 8) | (nonce[at + 1] as number)
  return String.fromCharCode(unit(0), unit(2), unit(4), unit(6), unit(8), unit(10))
}

/** The CMAC subkey K1 of NIST SP 800-38B: the encrypted zero block, doubled in GF(2^128). */
function subkey(ecb: Cipheriv): Buffer {
  const block = ecb.update(Buffer.alloc(16))
  const high = (block[0] as number) >> 7
  for (let i = 0; i < 16; i++) {
    block[i] = (((block[i] as number) << 1) | ((block[i + 1] ?? 0) >> 7)) & 0xff
  }
  block[15] = (block[15] as number) ^ (high * 0x87)
  return block
}

/** A 256-bit secret as a key for XAES-256-GCM. */
export class XaesKey implements SealKey {
  readonly id: string
  // Without padding and chaining it has no state between blocks, so that one object serves all messages.
  readonly #ecb: Cipheriv
  /** The two counter blocks of the key derivation with K1 added; the nonce goes in at 4 and 20. */
  readonly #blocks: Buffer
  readonly #half = Buffer.alloc(halfLength)
  #writing: KeyObject | undefined
  /** Values that may still be sealed under `#half`. */
  #left = 0
  readonly #reading = new Map<string, KeyObject>()

  constructor(id: string, secret: Uint8Array) {
    this.id = id
    this.#ecb = createCipheriv('aes-256-ecb', secret, null).setAutoPadding(false)
    const k1 = subkey(this.#ecb)
    this.#blocks = Buffer.concat([k1, k1])
    for (const [at, counter] of [
      [0, 1],
      [16, 2],
    ] as const) {
      this.#blocks[at + 1] = (this.#blocks[at + 1] as number) ^ counter
      this.#blocks[at + 2] = (this.#blocks[at + 2] as number) ^ 0x58
    }
  }

  seal(bytes: Uint8Array, bound: Uint8Array, given?: Uint8Array): Uint8Array {
    const sealed = Buffer.allocUnsafeSlow(bytes.length + overhead)
    let key
    if (given === undefined) {
      key = this.#writingKey()
      sealed.set(this.#half)
      sealed.set(freshHalf(), halfLength)
    } else {
      key = this.#derive(given)
      sealed.set(given)
    }
    const gcm = createCipheriv(cipher, key, sealed.subarray(halfLength, nonceLength))
    gcm.setAAD(bound)
    sealed.set(gcm.update(bytes), nonceLength)
    gcm.final()
    sealed.set(gcm.getAuthTag(), nonceLength + bytes.length)
    return sealed
  }

  open(sealed: Uint8Array, bound: Uint8Array): Uint8Array {
    const end = sealed.length - tagLength
    if (end < nonceLength) throw new Error('Expected sealed bytes, got too few')
    const half = halfOf(sealed)
    const known = this.#reading.get(half)
    const key = known ?? this.#derive(sealed)
    const gcm = createDecipheriv(cipher, key, sealed.subarray(halfLength, nonceLength), tagOption)
    gcm.setAAD(bound)
    gcm.setAuthTag(sealed.subarray(end))
    const bytes = gcm.update(sealed.subarray(nonceLength, end))
    // Throws unless the tag fits: nothing of the bytes has been used until then.
    gcm.final()
    // Only now, so that forged halves push none out.
    if (known === undefined) this.#remember(half, key)
    return bytes
  }

  #writingKey(): KeyObject {
    if (this.#left-- === 0 || this.#writing === undefined) {
      this.#left = valuesEach - 1
      this.#half.set(freshHalf())
      this.#writing = this.#derive(this.#half)
    }
    return this.#writing
  }

  #remember(half: string, key: KeyObject): void {
    if (this.#reading.size >= halvesKept) {
      for (const oldest of this.#reading.keys()) {
        this.#reading.delete(oldest)
        break
      }
    }
    this.#reading.set(half, key)
  }

  #derive(nonce: Uint8Array): KeyObject {
    const blocks = Buffer.from(this.#blocks)
    for (let i = 0; i < halfLength; i++) {
      const byte = nonce[i] as number
      blocks[4 + i] = (blocks[4 + i] as number) ^ byte
      blocks[20 + i] = (blocks[20 + i] as number) ^ byte
    }
    return createSecretKey(this.#ecb.update(blocks))
  }
}
