import { firstOfItsKind } from './first-of-its-kind.ts'
import type { Moves } from './moves.ts'
import type { Cell, Process, Reader, State } from './state.ts'

/** A read: asks memory and store, loads, answers whoever waits, fills. */
export class ReaderSteps {
  readonly #moves: Moves

  constructor(moves: Moves) {
    this.#moves = moves
  }

  add(from: State, i: number): void {
    const { process: p, key, step } = from.readers[i] as Reader
    if (!(from.processes[p] as Process).up) return
    const say = (what: string) => `reader ${i} (process ${p}, key ${key}) ${what}`
    switch (step) {
      case 'idle':
        if (!firstOfItsKind(from.readers, i)) return
        this.#moves.step(say('begins'), from, (state) => this.#begin(state, i))
        break
      case 'asking':
        this.#moves.step(say('asks the store'), from, (state) => this.#ask(state, i))
        if (from.left.timeouts > 0) {
          this.#moves.step(say('gets no answer from the store'), from, (state) => {
            state.left.timeouts--
            const reader = state.readers[i] as Reader
            reader.step = 'loading'
            reader.blocked = this.#moves.rules.unaskedLoad === 'dropped'
          })
        }
        break
      case 'hit':
        this.#moves.step(say('has its answer'), from, (state) => {
          const reader = state.readers[i] as Reader
          this.#remember(state, i, reader.generation)
          return this.#land(state, i)
        })
        break
      case 'loading':
        this.#moves.step(say('reads the source'), from, (state) => {
          const reader = state.readers[i] as Reader
          reader.version = state.source[key] as number
          reader.step = 'loaded'
        })
        break
      case 'loaded':
        this.#moves.step(say('has loaded'), from, (state) => {
          this.#remember(state, i, -1)
          const broken = this.#land(state, i)
          const reader = state.readers[i] as Reader
          reader.step = 'storing'
          return broken
        })
        break
      case 'storing':
        this.#moves.step(say('fills the store'), from, (state) => this.#fill(state, i))
        break
      case 'joined':
      case 'done':
        break
    }
  }

  #begin(state: State, i: number): string | void {
    const reader = state.readers[i] as Reader
    const { process: p, key } = reader
    const process = state.processes[p] as Process
    reader.due = Math.max(reader.due, process.due[key] as number)
    reader.fenced = false
    reader.sequence = process.sequence
    const kept = process.memory[key]
    if (kept && process.live && !kept.suspect) {
      reader.version = kept.version
      reader.step = 'done'
      return this.#judge(reader, i, 'its memory')
    }
    const flight =
      this.#moves.variant.memory && process.live
        ? state.readers.findIndex((other, j) => j !== i && this.#joinable(other, reader))
        : -1
    if (flight >= 0) {
      reader.step = 'joined'
      reader.flight = flight
      return
    }
    const usable =
      process.connected && !(this.#moves.rules.journalFence && (process.journal[key] || process.tagJournal))
    reader.leased = false
    reader.blocked = false
    reader.clock = -1
    reader.step = usable ? 'asking' : 'loading'
  }

  #joinable(other: Reader, reader: Reader): boolean {
    const flying =
      other.step === 'asking' || other.step === 'hit' || other.step === 'loading' || other.step === 'loaded'
    return (
      flying &&
      other.process === reader.process &&
      other.key === reader.key &&
      !(this.#moves.rules.localFence && other.fenced)
    )
  }

  #ask(state: State, i: number): void {
    const reader = state.readers[i] as Reader
    const { process: p, key } = reader
    reader.step = 'loading'
    if (!(state.processes[p] as Process).connected) return
    reader.clock = this.#moves.rules.fill === 'counter' ? (state.counters[key] as number) : state.tagClock
    const cell = state.store[key] as Cell
    reader.blocked = cell?.kind === 'intents' && this.#moves.rules.blockedLoad === 'dropped'
    if (cell?.kind === 'value' && this.#moves.valid(state, cell.copy)) {
      reader.version = cell.copy.version
      reader.generation = cell.copy.generation
      reader.step = 'hit'
    } else if (this.#moves.rules.fill !== 'lease') reader.leased = cell?.kind !== 'intents'
    else if (cell === null || cell.kind === 'value') {
      // What is there but invalid is claimed, which ends like a lease: replaced only if nothing happened to it.
      state.store[key] = { kind: 'lease', of: i }
      reader.leased = true
    }
  }

  /** The memory's fill, under its fence. */
  #remember(state: State, i: number, generation: number): void {
    if (!this.#moves.variant.memory) return
    const reader = state.readers[i] as Reader
    const process = state.processes[reader.process] as Process
    const removed = reader.fenced || process.sequence > reader.sequence
    if ((this.#moves.rules.localFence && removed) || reader.blocked) return
    process.memory[reader.key] = { version: reader.version, generation, suspect: false, by: i }
  }

  /** The flight's answer goes to whoever waits for it. */
  #land(state: State, i: number): string | undefined {
    const reader = state.readers[i] as Reader
    const process = state.processes[reader.process] as Process
    reader.step = 'done'
    const own = this.#judge(reader, i, 'its own flight')
    if (own !== undefined) return own
    for (const [j, other] of state.readers.entries()) {
      if (other.step !== 'joined' || other.flight !== i) continue
      const removed = this.#moves.variant.tagged === true && process.sequence > reader.sequence
      const goesBack =
        this.#moves.rules.rejoin === 'any'
          ? other.sequence > reader.sequence
          : other.sequence >= process.sequence
      if (removed && goesBack) {
        other.step = 'idle'
        continue
      }
      other.step = 'done'
      other.version = reader.version
      const broken = this.#judge(other, j, `the flight of reader ${i}`)
      if (broken !== undefined) return broken
    }
    return undefined
  }

  #judge(reader: Reader, i: number, where: string): string | undefined {
    if (reader.version >= reader.due) return undefined
    return `reader ${i} got version ${reader.version} of key ${reader.key} from ${where}, ${reader.due} was due when it began`
  }

  #fill(state: State, i: number): void {
    const reader = state.readers[i] as Reader
    const { key, process: p } = reader
    reader.step = 'done'
    const process = state.processes[p] as Process
    if (
      !reader.leased ||
      !process.connected ||
      (this.#moves.rules.journalFence && (process.journal[key] || process.tagJournal))
    )
      return
    const cell = state.store[key] as Cell
    const allowed = {
      lease: cell?.kind === 'lease' && cell.of === i,
      always: cell?.kind !== 'intents',
      absent: cell === null,
      counter: state.counters[key] === reader.clock,
    }[this.#moves.rules.fill]
    const generation = this.#moves.variant.tagged ? this.#stampFor(state, reader) : 0
    if (allowed && generation !== undefined) {
      state.store[key] = { kind: 'value', copy: { version: reader.version, generation } }
      return
    }
    // Somebody removed it since: our copy is the old value too.
    if (process.memory[key]?.by === i && this.#moves.rules.localFence) process.memory[key] = null
    if (cell?.kind === 'lease' && cell.of === i) state.store[key] = null
  }

  /** The generation to stamp with; undefined when the tag was, or may have been, invalidated since the load began. */
  #stampFor(state: State, reader: Reader): number | undefined {
    const { marker } = state
    if (marker === null) {
      if (this.#moves.rules.stamp === 'before' && state.tagClock !== reader.clock) return undefined
      state.marker = { generation: state.nextGeneration++, at: state.tagClock }
      return state.marker.generation
    }
    if (this.#moves.rules.stamp === 'before' && marker.at > reader.clock) return undefined
    return marker.generation
  }
}
