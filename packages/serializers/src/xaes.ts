import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'
import type { Cipheriv } from 'node:crypto'
import type { SealKey } from '@tierstack/cache-core'

/*
 * XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived, for every message, from half of a
 * random nonce of 192 bits. With random nonces of 96 bits, plain AES-GCM must not be used for more than 2^32 messages
 * under one key; here it is 2^80, for the same chance of a repeated nonce (2^-32).
 *
 * Sealed bytes: nonce(24) · ciphertext · tag(16).
 */
const nonceLength = 24
const tagLength = 16
export const secretLength = 32

/** Bytes by which sealing lengthens. */
const overhead = nonceLength + tagLength

/** Random bytes for some hundred nonces: asking for each alone costs more than sealing a small value. */
const pool = Buffer.alloc(nonceLength * 256)
let taken = pool.length

function freshNonce(): Buffer {
  if (taken === pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  const nonce = Buffer.from(pool.subarray(taken, taken + nonceLength))
  taken += nonceLength
  return nonce
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

  seal(bytes: Uint8Array, bound: Uint8Array, nonce: Uint8Array = freshNonce()): Uint8Array {
    const gcm = createCipheriv('aes-256-gcm', this.#keyFor(nonce), nonce.subarray(12))
    gcm.setAAD(bound)
    const sealed = Buffer.allocUnsafeSlow(bytes.length + overhead)
    sealed.set(nonce)
    sealed.set(gcm.update(bytes), nonceLength)
    gcm.final()
    sealed.set(gcm.getAuthTag(), nonceLength + bytes.length)
    return sealed
  }

  open(sealed: Uint8Array, bound: Uint8Array): Uint8Array {
    const end = sealed.length - tagLength
    if (end < nonceLength) throw new Error('Expected sealed bytes, got too few')
    const nonce = sealed.subarray(0, nonceLength)
    const gcm = createDecipheriv('aes-256-gcm', this.#keyFor(nonce), nonce.subarray(12), {
      authTagLength: tagLength,
    })
    gcm.setAAD(bound)
    gcm.setAuthTag(sealed.subarray(end))
    const bytes = gcm.update(sealed.subarray(nonceLength, end))
    // Throws unless the tag fits: nothing of the bytes has been used until then.
    gcm.final()
    return bytes
  }

  #keyFor(nonce: Uint8Array): Buffer {
    const blocks = Buffer.from(this.#blocks)
    for (let i = 0; i < 12; i++) {
      const byte = nonce[i] as number
      blocks[4 + i] = (blocks[4 + i] as number) ^ byte
      blocks[20 + i] = (blocks[20 + i] as number) ^ byte
    }
    return this.#ecb.update(blocks)
  }
}
