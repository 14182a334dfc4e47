import { createHash, randomBytes } from 'node:crypto'

const bytesEach = 12
const pooled = 256

let pool = Buffer.alloc(0)
let used = 0

/** 16 random characters, 96 bits: never given twice. */
export function token(): string {
  if (used >= pool.length) {
    // One call for many tokens: the call costs far more than its bytes.
    pool = randomBytes(bytesEach * pooled)
    used = 0
  }
  const text = pool.toString('base64url', used, used + bytesEach)
  used += bytesEach
  return text
}

/** 16 characters that stand for any text. */
export function tokenOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
