import { randomBytes } from 'node:crypto'
import { CacheError, expectation } from '@tierstack/cache-core'
import type {
  Codec,
  FrameWrite,
  RemoteCapabilities,
  RemoteHost,
  RemoteTier,
  StoredFrame,
  WriteOutcome,
} from '@tierstack/cache-core'
import { isInProcess } from './keyv-like.ts'
import type { KeyvAdapterLike, KeyvLike } from './keyv-like.ts'
import { KeyvPort } from './keyv-port.ts'
import { resolveOptions } from './options.ts'
import type { KeyvTierOptions } from './options.ts'
import { decodeStored, encodeStored, physicalKey } from './stored-form.ts'

const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i)
const randomId = (): string => randomBytes(12).toString('base64url')

class KeyvTier implements RemoteTier {
  readonly kind = 'remote'
  readonly name: string
  readonly capabilities: RemoteCapabilities
  readonly codec: Codec
  readonly #prefix: string
  readonly #store: KeyvLike | KeyvAdapterLike
  #host: RemoteHost | undefined
  #port: KeyvPort | undefined
  #root = ''
  #holdsBytes = false

  constructor(store: KeyvLike | KeyvAdapterLike, given: KeyvTierOptions) {
    const { name, prefix, shared, maxValueBytes, codec } = resolveOptions(given)
    this.name = name
    this.codec = codec
    this.capabilities = Object.freeze({
      maxValueBytes,
      shared: shared ?? (isInProcess(store) ? 'process' : 'fleet'),
    })
    this.#prefix = prefix
    this.#store = store
  }

  open(host: RemoteHost): void {
    if (this.#host) {
      throw new CacheError(
        'INVALID_CHAIN',
        `Expected the tier \`${this.name}\` to serve one cache, it serves one already: make a tier for each`,
      )
    }
    this.#host = host
    this.#root = `${this.#prefix}:${host.namespace}`
    this.#port = new KeyvPort(this.#store, (error) => host.lost(error))
  }

  async hello(): Promise<string> {
    this.#holdsBytes = await this.#probe()
    return await this.#currentEpoch(this.#use())
  }

  async read(keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]> {
    const port = this.#use()
    if (keys.length === 0) return []
    // The epoch first, in the same batch: a clear by another process counts from here on.
    const [epoch, ...values] = await port.getMany([this.#epochKey, ...this.#physical(keys)])
    const now = this.#host?.clock.wall() ?? 0
    return values.map((value) => {
      const stored = decodeStored(value)
      if (!stored || stored.epoch !== epoch || stored.expiresAt <= now) return undefined
      return { bytes: stored.bytes, stamp: stored.stamp, soft: false }
    })
  }

  async write(items: readonly FrameWrite[]): Promise<readonly WriteOutcome[]> {
    const { maxValueBytes } = this.capabilities
    const fitting = items.filter(({ bytes }) => bytes.length <= maxValueBytes)
    if (fitting.length > 0) {
      const port = this.#use()
      const epoch = await this.#currentEpoch(port)
      const wall = this.#host?.clock.wall() ?? 0
      await port.setMany(
        fitting.map(({ key, bytes, expiresAt }) => ({
          key: physicalKey(this.#root, key),
          value: this.#form(encodeStored({ epoch, stamp: randomId(), expiresAt, bytes })),
          life: expiresAt - wall,
        })),
      )
    }
    return items.map(({ bytes }) => (bytes.length <= maxValueBytes ? 'stored' : 'too-large'))
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#use().deleteMany(this.#physical(keys))
  }

  async clear(): Promise<void> {
    await this.#startEpoch(this.#use())
  }

  close(): Promise<void> {
    this.#port?.close()
    this.#port = undefined
    return Promise.resolve()
  }

  get #epochKey(): string {
    return `${this.#root}:epoch`
  }

  #use(): KeyvPort {
    if (!this.#port)
      throw new CacheError(
        'TIER_UNAVAILABLE',
        `Expected the tier \`${this.name}\` to serve a cache, it serves none`,
      )
    return this.#port
  }

  #physical(keys: readonly string[]): string[] {
    return keys.map((key) => physicalKey(this.#root, key))
  }

  #form(bytes: Buffer): string | Uint8Array {
    return this.#holdsBytes ? bytes : bytes.toString('base64')
  }

  /** Asked for at every write: what is stored under an epoch that another process has ended is never read. */
  async #currentEpoch(port: KeyvPort): Promise<string> {
    const [epoch] = await port.getMany([this.#epochKey])
    return isEpoch(epoch) ? epoch : await this.#startEpoch(port)
  }

  async #startEpoch(port: KeyvPort): Promise<string> {
    const epoch = randomId()
    await port.setMany([{ key: this.#epochKey, value: epoch, life: Infinity }])
    return epoch
  }

  /** Whether the store gives bytes back as they were; if not, frames are written as base64. */
  async #probe(): Promise<boolean> {
    const port = this.#use()
    const key = `${this.#root}:probe:${randomId()}`
    try {
      await port.setMany([{ key, value: Buffer.from(allBytes), life: 10_000 }])
      const [back] = await port.getMany([key])
      return back instanceof Uint8Array && Buffer.compare(back, allBytes) === 0
    } catch {
      // Refused: text it is. A store that can't be reached fails the next request too.
      return false
    } finally {
      await port.deleteMany([key])
    }
  }
}

function isEpoch(value: unknown): value is string {
  return typeof value === 'string' && value.length === 16
}

/**
 * Any Keyv store as a remote tier: a `Keyv` of version 5 or 6, one of their storage adapters, or a `Map`.
 *
 * It has no leases: between processes nothing keeps a load from storing what was removed meanwhile, and other
 * processes' memory doesn't hear of removals unless the cache is given a bus. The store stays the caller's: it is
 * never cleared, disconnected, or asked for keys outside of `prefix`.
 * @example
 * createCache({ namespace: 'shop', tiers: [memory(), keyvTier(new KeyvRedis(url))] })
 */
export function keyvTier(
  store: KeyvLike | KeyvAdapterLike,
  options?: KeyvTierOptions & { readonly name?: undefined },
): RemoteTier<'keyv'>
export function keyvTier<const N extends string>(
  store: KeyvLike | KeyvAdapterLike,
  options: KeyvTierOptions & { readonly name: N },
): RemoteTier<N>
export function keyvTier(store: KeyvLike | KeyvAdapterLike, options: KeyvTierOptions): RemoteTier
export function keyvTier(store: KeyvLike | KeyvAdapterLike, options: KeyvTierOptions = {}): RemoteTier {
  if (
    typeof store?.get !== 'function' ||
    typeof store.set !== 'function' ||
    typeof store.delete !== 'function'
  ) {
    throw expectation('store', 'a Keyv, a Keyv storage adapter or a Map', store)
  }
  return new KeyvTier(store, options)
}
