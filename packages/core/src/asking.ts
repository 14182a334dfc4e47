import type { Fence, LeaseRead } from './coherence.ts'
import type { Query } from './query.ts'
import type { LocalView } from './locals.ts'
import { Flight } from './flight.ts'
import type { Candidate } from './candidate.ts'
import type { Life } from './freshness.ts'
import type { RemoteLink } from './remote-link.ts'
import type { StoredFrame } from './stored-frame.ts'

/** A tier without compare-and-set: nothing to present. */
const unfenced = ''

/** What one remote tier has to say of a key. */
export interface Answer {
  readonly frame?: StoredFrame
  readonly fence?: Fence
  readonly busy?: true
  readonly blocked?: true
  readonly tagClock?: string
}

/** What the nearest remote tier has said already, before the walk. */
export interface FirstAnswer {
  readonly link: RemoteLink
  /** Undefined: it couldn't be asked. */
  readonly answer: Answer | undefined
  /** Its frame, opened. */
  readonly opened: Opened | Promise<Opened | undefined> | undefined
}

export function answerOf(read: LeaseRead, tagClock: string): Answer {
  switch (read.state) {
    case 'hit':
      return { frame: read.frame, tagClock }
    case 'leased':
      return { fence: read.fence, tagClock }
    case 'busy':
      return { busy: true, tagClock }
    case 'blocked':
      return { blocked: true, tagClock }
  }
}

export function unleasedAnswer(link: RemoteLink, frame: StoredFrame | undefined): Answer {
  if (link.coherence !== undefined) return frame ? { frame } : {}
  return frame ? { frame, fence: unfenced, tagClock: '' } : { fence: unfenced, tagClock: '' }
}

/** An entry that a remote tier had. */
export interface Opened {
  readonly life: Life
  readonly state: 'fresh' | 'stale'
  readonly candidate: Candidate
  /** Of the frame that it was read from. */
  readonly stamp: string
}

/** What was asked before the flight took this way. */
export interface Asking {
  /** When it was asked, for `fills.wait`. */
  readonly watch: number
  readonly first: FirstAnswer
}

/** What usual reads share a flight by: see `flightKey`. */
export function nameOf(query: Query, key: string): string {
  return query.load === undefined ? `?${key}` : key
}

/**
 * A usual read that waits for the answer of the nearest remote tier. Its flight is made when somebody asks for it: most
 * reads find a hit, and nobody else asks for the key meanwhile.
 */
export class Passenger {
  readonly query: Query
  readonly key: string
  readonly input: unknown
  readonly view: LocalView | undefined
  /** Fence sequence when the read began. */
  readonly sequence: number
  readonly startedAt: number
  /** Whether readers who come later find the flight by its name, while it isn't made. */
  listed = false
  /** A fresh hit that was found without a flight. */
  value: unknown = undefined
  /** What was learnt; undefined while nothing is known, and when the flight has landed. */
  asking: Asking | undefined = undefined
  /** Resolves when what was learnt is all: the tier is asked once more. */
  more: Promise<void> | undefined = undefined

  #flight: Flight | undefined

  constructor(
    query: Query,
    key: string,
    input: unknown,
    view: LocalView | undefined,
    outset: { readonly sequence: number; readonly startedAt: number },
  ) {
    this.query = query
    this.key = key
    this.input = input
    this.view = view
    this.sequence = outset.sequence
    this.startedAt = outset.startedAt
  }

  /** What the flight is listed by. */
  get name(): string {
    return nameOf(this.query, this.key)
  }

  /** Whether nobody has asked for the flight. */
  get alone(): boolean {
    return this.#flight === undefined
  }

  get flight(): Flight {
    if (this.#flight !== undefined) return this.#flight
    const flight = new Flight(this.key, this.sequence, this.startedAt)
    // Such a reader can't leave, so the load is wanted to its end.
    flight.keep()
    flight.listed = this.listed
    this.listed = false
    this.#flight = flight
    return flight
  }

  /** Nothing special is asked of such a read. */
  get options(): undefined {
    return undefined
  }
}

/** Reads of the nearest remote tier, gathered by turn of the event loop. */
export interface Wave {
  /** When the first of those began who wait to leave; undefined where nobody waits. */
  readonly boardingSince: number | undefined
  /** Resolves, in the caller's context, once the tier has answered: one promise for all who went together. Never rejects. */
  board(link: RemoteLink, passenger: Passenger): Promise<void>
  /** As `board`, for the reads of one call. */
  boardAll(link: RemoteLink, passengers: readonly Passenger[]): Promise<void>
  /** Whether a look without leases is likely to be all that so many reads need. */
  looksFirst(link: RemoteLink, count: number): boolean
  /** Reads without leases, when it's its turn among the batches. Rejects when the tier can't be asked. */
  look(link: RemoteLink, keys: readonly string[]): Promise<readonly (StoredFrame | undefined)[]>
  /** Tells how many of those looked for were fresh hits. */
  looked(asked: number, landed: number): void
  /** Takes leases for those who have looked already, where there are leases to be had. Never rejects. */
  boardLooked(link: RemoteLink, passengers: readonly Passenger[]): Promise<void>
}
