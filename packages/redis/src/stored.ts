import type { Fence, StoredFrame } from '@tierstack/cache-core'

/*
 * What one Redis key holds: exactly one of
 *   V stamp(16) claim(16) claim-until(13) soft(1) frame    a value; the instant is the server's, in ms
 *   L token(16) [W]                                        a lease; W: somebody waits for the fill
 *   T (token(16) until(13))*                               intents of writers; an odd instant: not the only event
 * All text but the frame. Offsets are known to the scripts too.
 */
const claimDigits = 13
const claimEnd = 1 + 16 + 16 + claimDigits
const noClaim = '0'.repeat(16 + claimDigits)
const valueKind = 0x56
const valueHead = 1 + 16 + 16 + 13 + 1
const intentLength = 16 + 13

export type Stored =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'value'; readonly frame: StoredFrame }
  | { readonly kind: 'lease' }
  | { readonly kind: 'intents' }
  /** None of ours: another program's, or damaged. */
  | { readonly kind: 'foreign' }

const nothing: Stored = { kind: 'nothing' }
const lease: Stored = { kind: 'lease' }
const intents: Stored = { kind: 'intents' }
const foreign: Stored = { kind: 'foreign' }

/** A value as it was read. Most readers ask for neither stamp nor bytes, and making them costs more than all the rest. */
class Value implements StoredFrame {
  readonly whole: Buffer

  constructor(whole: Buffer) {
    this.whole = whole
  }

  get kind(): 'value' {
    return 'value'
  }

  get start(): number {
    return valueHead
  }

  get bytes(): Uint8Array {
    return this.whole.subarray(valueHead)
  }

  get soft(): boolean {
    return this.whole[valueHead - 1] === 0x31
  }

  get stamp(): string {
    return this.whole.toString('latin1', 1, 17)
  }

  get claimedUntil(): number {
    return Number(this.whole.toString('latin1', claimEnd - claimDigits, claimEnd))
  }

  get frame(): StoredFrame {
    return this
  }
}

/** The frame in such bytes; undefined where there is none. */
export function frameIn(bytes: Buffer | null | undefined): StoredFrame | undefined {
  if (bytes === null || bytes === undefined || bytes[0] !== valueKind || bytes.length < valueHead)
    return undefined
  return new Value(bytes)
}

/** The frame is a view of `bytes`, not a copy. */
export function parseStored(bytes: Buffer | null | undefined): Stored {
  if (bytes === null || bytes === undefined) return nothing
  switch (bytes[0]) {
    case valueKind:
      if (bytes.length < valueHead) return foreign
      return new Value(bytes)
    case 0x4c:
      return bytes.length === 17 || (bytes.length === 18 && bytes[17] === 0x57) ? lease : foreign
    case 0x54:
      return bytes.length > 1 && (bytes.length - 1) % intentLength === 0 ? intents : foreign
    default:
      return foreign
  }
}

export function encodeValue(stamp: string, frame: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(valueHead + frame.length)
  value.write(`V${stamp}${noClaim}0`, 0, valueHead, 'latin1')
  value.set(frame, valueHead)
  return value
}

/** What must stand in the key for a fill: this lease. */
export function leaseFence(token: string): Fence {
  return `L${token}`
}

/** What must stand in the key for a fill: this value, under this claim. */
export function claimFence(stamp: string, claim: string): Fence {
  return `V${stamp}${claim}`
}

/** The stamp of the value that is claimed; undefined for the fence of a lease. */
export function stampOf(fence: Fence): string | undefined {
  return fence.startsWith('V') ? fence.slice(1, 17) : undefined
}

/** What is left until `expiresAt`, in ms and at least one; 0: no end. */
export function lifeUntil(expiresAt: number, wall: number): number {
  return expiresAt === Infinity ? 0 : Math.max(1, Math.ceil(expiresAt - wall))
}
