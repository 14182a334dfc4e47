import type { EvictionPolicy } from './eviction-policy.ts'
import { GhostQueue } from './ghost-queue.ts'
import { SlotLinks, SlotList } from './slot-list.ts'

const inMain = 0x80
const counted = 0x03
/** Share of the entries that the small queue starts with, as in S3-FIFO. */
const start = 0.1
const least = 0.01
const most = 0.9
/** Entries by which the small queue grows or shrinks at each sign: ghosts are few, and a change of the load is sudden. */
const step = 16
/** Evictions for which the small queue's ghosts count, as a share of the entries: a longer loop isn't taken for a return. */
const remembered = 0.75

/**
 * Two queues as in S3-FIFO, whose shares follow the load as in ARC: what comes back soon after it went from the small
 * queue says that newcomers were given too little time, what comes back after it went from the main queue that they took
 * too much. A hit only adds to a count of at most 3; everything else is done when something has to go.
 *
 * Different from S3-FIFO, each for a load on which it does worse than LRU or far worse than the best known policy:
 * while there is room, the main queue fills too, so that a loop larger than the tier finds a part of itself again; a
 * newcomer used once gets another round before it goes; what comes back enters the main queue only in place of something
 * unused there; a round through the main queue takes all uses, so that what was popular once goes as soon as it isn't used
 * for a round.
 *
 * Yang, Zhang, Qiu, Yue, Vigfusson: "FIFO queues are all you need for cache eviction", SOSP 2023. Megiddo, Modha: "ARC: A
 * self-tuning, low overhead replacement cache", FAST 2003.
 */
export class AdaptivePolicy implements EvictionPolicy {
  readonly #links = new SlotLinks()
  readonly #small = new SlotList(this.#links)
  readonly #main = new SlotList(this.#links)
  readonly #fromSmall = new GhostQueue()
  readonly #fromMain = new GhostQueue()
  /** Uses since the slot was last looked at, and the queue that it is in. */
  #state = new Uint8Array(0)
  #share = start
  /** Most entries that there was room for. */
  #room = Number.POSITIVE_INFINITY

  grow(capacity: number): void {
    this.#links.grow(capacity)
    const state = new Uint8Array(capacity)
    state.set(this.#state)
    this.#state = state
  }

  hit(slot: number): void {
    const state = this.#state[slot] as number
    if ((state & counted) < counted) this.#state[slot] = state + 1
  }

  add(slot: number, hash: number): void {
    const total = this.#small.size + this.#main.size + 1
    if (this.#fromSmall.take(hash)) {
      this.#share = Math.min(most, this.#share + step / total)
      if (this.#mainGivesUp()) this.#enter(this.#main, slot, inMain)
      else this.#enter(this.#small, slot, 0)
    } else if (this.#fromMain.take(hash)) {
      this.#share = Math.max(least, this.#share - step / total)
      this.#enter(this.#main, slot, inMain)
    } else this.#enter(this.#small, slot, 0)
    if (total <= this.#room && this.#small.size > this.#smallRoom(total)) this.#promote(this.#small.oldest)
  }

  victim(): number {
    const total = this.#small.size + this.#main.size
    this.#room = total - 1
    for (;;) {
      const small = this.#small.size > this.#smallRoom(total) || this.#main.size === 0
      const slot = small ? this.#small.oldest : this.#main.oldest
      if (slot < 0) return -1
      const uses = (this.#state[slot] as number) & counted
      if (uses === 0) return slot
      if (!small) {
        this.#state[slot] = inMain
        this.#main.renew(slot)
      } else if (uses === 1) {
        this.#state[slot] = 0
        this.#small.renew(slot)
      } else {
        this.#promote(slot)
        this.#state[slot] = inMain
      }
    }
  }

  remove(slot: number, evicted: boolean, hash: number): void {
    const total = this.#small.size + this.#main.size
    if (((this.#state[slot] as number) & inMain) === 0) {
      this.#small.remove(slot)
      if (evicted) this.#fromSmall.add(hash, Math.ceil(total * remembered))
    } else {
      this.#main.remove(slot)
      if (evicted) this.#fromMain.add(hash, total)
    }
  }

  clear(): void {
    this.#small.clear()
    this.#main.clear()
    this.#links.clear()
    this.#fromSmall.clear()
    this.#fromMain.clear()
    this.#state = new Uint8Array(0)
    this.#share = start
    this.#room = Number.POSITIVE_INFINITY
  }

  /** Is what would go next from the main queue out of use? */
  #mainGivesUp(): boolean {
    return this.#main.size === 0 || ((this.#state[this.#main.oldest] as number) & counted) === 0
  }

  /** At least one: else a newcomer would go as soon as it came. */
  #smallRoom(total: number): number {
    return Math.max(1, total * this.#share)
  }

  #enter(queue: SlotList, slot: number, state: number): void {
    this.#state[slot] = state
    queue.push(slot)
  }

  /** From the small queue into the main one, with its uses. */
  #promote(slot: number): void {
    this.#small.remove(slot)
    this.#enter(this.#main, slot, (this.#state[slot] as number) | inMain)
  }
}
