import { copyOf } from './state.ts'
import type { Cell, Copy, Message, Process, Reader, State, Writer } from './state.ts'
import type { Rules, Variant } from './variant.ts'

/** What a step led to, or which promise it broke. */
export interface Step {
  readonly label: string
  readonly state: State
  readonly broken?: string
}

/** All that can happen next. Every step is atomic where the protocol's is: one script, one synchronous stretch. */
export class Transitions {
  readonly #rules: Rules
  readonly #variant: Variant
  #steps: Step[] = []

  constructor(variant: Variant, rules: Rules) {
    this.#variant = variant
    this.#rules = rules
  }

  from(state: State): Step[] {
    this.#steps = []
    for (const i of state.readers.keys()) this.#reader(state, i)
    for (const i of state.writers.keys()) this.#writer(state, i)
    for (const i of state.processes.keys()) this.#process(state, i)
    this.#faults(state)
    return this.#steps
  }

  /** In a state in which nothing can happen any more, everything must be as the source has it. */
  settled(state: State): string | undefined {
    for (const [key, version] of state.source.entries()) {
      const cell = state.store[key] as Cell
      if (cell?.kind === 'value' && this.#valid(state, cell.copy) && cell.copy.version < version) {
        return `key ${key} is at version ${version}, the store keeps ${cell.copy.version} for good`
      }
      for (const [p, process] of state.processes.entries()) {
        const kept = process.memory[key]
        if (process.up && process.live && kept && !kept.suspect && kept.version < version) {
          return `key ${key} is at version ${version}, process ${p} keeps ${kept.version} for good`
        }
      }
    }
    return undefined
  }

  #step(label: string, from: State, change: (state: State) => string | void): void {
    const state = copyOf(from)
    const broken = change(state)
    for (const process of state.processes) takeDue(process)
    this.#steps.push(broken === undefined ? { label, state } : { label, state, broken })
  }

  #reader(from: State, i: number): void {
    const { process: p, key, step } = from.readers[i] as Reader
    if (!(from.processes[p] as Process).up) return
    const say = (what: string) => `reader ${i} (process ${p}, key ${key}) ${what}`
    switch (step) {
      case 'idle':
        if (!firstOfItsKind(from.readers, i)) return
        this.#step(say('begins'), from, (state) => this.#begin(state, i))
        break
      case 'asking':
        this.#step(say('asks the store'), from, (state) => this.#ask(state, i))
        if (from.left.timeouts > 0) {
          this.#step(say('gets no answer from the store'), from, (state) => {
            state.left.timeouts--
            const reader = state.readers[i] as Reader
            reader.step = 'loading'
            reader.blocked = this.#rules.unaskedLoad === 'dropped'
          })
        }
        break
      case 'hit':
        this.#step(say('has its answer'), from, (state) => {
          const reader = state.readers[i] as Reader
          this.#remember(state, i, reader.generation)
          return this.#land(state, i)
        })
        break
      case 'loading':
        this.#step(say('reads the source'), from, (state) => {
          const reader = state.readers[i] as Reader
          reader.version = state.source[key] as number
          reader.step = 'loaded'
        })
        break
      case 'loaded':
        this.#step(say('has loaded'), from, (state) => {
          this.#remember(state, i, -1)
          const broken = this.#land(state, i)
          const reader = state.readers[i] as Reader
          reader.step = 'storing'
          return broken
        })
        break
      case 'storing':
        this.#step(say('fills the store'), from, (state) => this.#fill(state, i))
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
      this.#variant.memory && process.live
        ? state.readers.findIndex((other, j) => j !== i && this.#joinable(other, reader))
        : -1
    if (flight >= 0) {
      reader.step = 'joined'
      reader.flight = flight
      return
    }
    const usable =
      process.connected && !(this.#rules.journalFence && (process.journal[key] || process.tagJournal))
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
      !(this.#rules.localFence && other.fenced)
    )
  }

  #ask(state: State, i: number): void {
    const reader = state.readers[i] as Reader
    const { process: p, key } = reader
    reader.step = 'loading'
    if (!(state.processes[p] as Process).connected) return
    reader.clock = this.#rules.fill === 'counter' ? (state.counters[key] as number) : state.tagClock
    const cell = state.store[key] as Cell
    reader.blocked = cell?.kind === 'intents' && this.#rules.blockedLoad === 'dropped'
    if (cell?.kind === 'value' && this.#valid(state, cell.copy)) {
      reader.version = cell.copy.version
      reader.generation = cell.copy.generation
      reader.step = 'hit'
    } else if (this.#rules.fill !== 'lease') reader.leased = cell?.kind !== 'intents'
    else if (cell === null || cell.kind === 'value') {
      // What is there but invalid is claimed, which ends like a lease: replaced only if nothing happened to it.
      state.store[key] = { kind: 'lease', of: i }
      reader.leased = true
    }
  }

  #valid(state: State, copy: Copy): boolean {
    if (!this.#variant.tagged) return true
    if (state.marker === null) return this.#rules.missingTag === 'valid'
    return state.marker.generation === copy.generation
  }

  /** The memory's fill, under its fence. */
  #remember(state: State, i: number, generation: number): void {
    if (!this.#variant.memory) return
    const reader = state.readers[i] as Reader
    const process = state.processes[reader.process] as Process
    const removed = reader.fenced || process.sequence > reader.sequence
    if ((this.#rules.localFence && removed) || reader.blocked) return
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
      const removed = this.#variant.tagged === true && process.sequence > reader.sequence
      const goesBack =
        this.#rules.rejoin === 'any' ? other.sequence > reader.sequence : other.sequence >= process.sequence
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
      (this.#rules.journalFence && (process.journal[key] || process.tagJournal))
    )
      return
    const cell = state.store[key] as Cell
    const allowed = {
      lease: cell?.kind === 'lease' && cell.of === i,
      always: cell?.kind !== 'intents',
      absent: cell === null,
      counter: state.counters[key] === reader.clock,
    }[this.#rules.fill]
    const generation = this.#variant.tagged ? this.#stampFor(state, reader) : 0
    if (allowed && generation !== undefined) {
      state.store[key] = { kind: 'value', copy: { version: reader.version, generation } }
      return
    }
    // Somebody removed it since: our copy is the old value too.
    if (process.memory[key]?.by === i && this.#rules.localFence) process.memory[key] = null
    if (cell?.kind === 'lease' && cell.of === i) state.store[key] = null
  }

  /** The generation to stamp with; undefined when the tag was, or may have been, invalidated since the load began. */
  #stampFor(state: State, reader: Reader): number | undefined {
    const { marker } = state
    if (marker === null) {
      if (this.#rules.stamp === 'before' && state.tagClock !== reader.clock) return undefined
      state.marker = { generation: state.nextGeneration++, at: state.tagClock }
      return state.marker.generation
    }
    if (this.#rules.stamp === 'before' && marker.at > reader.clock) return undefined
    return marker.generation
  }

  #writer(from: State, i: number): void {
    const { process: p, key, way, step } = from.writers[i] as Writer
    if (!(from.processes[p] as Process).up || (step === 'idle' && !firstOfItsKind(from.writers, i))) return
    const say = (what: string) =>
      `writer ${i} (process ${p}, ${way === 'tag' ? 'the tag' : `key ${key}`}) ${what}`
    const to = (state: State, next: Writer['step']) => {
      ;(state.writers[i] as Writer).step = next
    }
    if (step === 'idle' && way === 'write') {
      // Without the store's consent nothing is committed: the strict kind.
      if (!(from.processes[p] as Process).connected) return
      this.#step(say('announces its write'), from, (state) => {
        this.#drop(state, p, key)
        this.#announce(state, i)
        this.#drop(state, p, key)
        to(state, 'announced')
      })
      return
    }
    if ((step === 'idle' && way !== 'write') || step === 'announced') {
      this.#step(say('commits'), from, (state) => {
        const writer = state.writers[i] as Writer
        if (way === 'tag')
          for (const k of state.source.keys()) state.source[k] = (state.source[k] as number) + 1
        else state.source[key] = (state.source[key] as number) + 1
        writer.version = state.source[key] as number
        writer.step = 'committed'
      })
      return
    }
    if (step === 'committed') {
      this.#step(say('removes here'), from, (state) => {
        if (way === 'tag') this.#dropTag(state, p)
        else this.#drop(state, p, key)
        to(state, 'dropped')
      })
      return
    }
    if (step === 'dropped') {
      this.#step(say('removes in the store'), from, (state) => this.#remove(state, i, false))
      if (from.left.timeouts > 0) {
        this.#step(say('gets no answer to its removal'), from, (state) => {
          state.left.timeouts--
          this.#remove(state, i, true)
        })
      }
    }
    if (step === 'removed') {
      this.#step(say('is told that it is done'), from, (state) => {
        const process = state.processes[p] as Process
        if (way === 'tag') this.#dropTag(state, p)
        else this.#drop(state, p, key)
        to(state, 'done')
        const { version } = state.writers[i] as Writer
        const keys = way === 'tag' ? [...state.source.keys()] : [key]
        for (const one of keys) {
          const promised = way === 'tag' ? Math.min(version, state.source[one] as number) : version
          process.due[one] = Math.max(process.due[one] as number, promised)
          if (process.journal[one] || process.tagJournal)
            process.promised.push({ key: one, version: promised })
          else this.#promise(state, p, one, promised)
        }
      })
    }
  }

  #remove(state: State, i: number, unanswered: boolean): void {
    const { process: p, key, way } = state.writers[i] as Writer
    const process = state.processes[p] as Process
    ;(state.writers[i] as Writer).step = 'removed'
    if (!process.connected || unanswered) {
      // What isn't kept is lost, and said to be done.
      if (!this.#rules.journal) return
      if (way === 'tag') process.tagJournal = true
      else process.journal[key] = true
      return
    }
    if (way === 'tag') this.#invalidate(state, p)
    else if (way === 'write') this.#withdraw(state, i)
    else this.#delete(state, p, key)
  }

  #announce(state: State, i: number): void {
    const { process: p, key } = state.writers[i] as Writer
    const cell = state.store[key] as Cell
    const mark = this.#rules.intents === 'shared' ? -1 : i
    const others = cell?.kind === 'intents' ? cell.of : []
    state.store[key] = { kind: 'intents', of: [...new Set([...others, mark])].toSorted((a, b) => a - b) }
    this.#publish(state, p, { kind: 'key', key })
  }

  #withdraw(state: State, i: number): void {
    const { process: p, key } = state.writers[i] as Writer
    const cell = state.store[key] as Cell
    const mark = this.#rules.intents === 'shared' ? -1 : i
    const left = cell?.kind === 'intents' ? cell.of.filter((one) => one !== mark) : []
    state.store[key] = left.length > 0 ? { kind: 'intents', of: left } : null
    this.#publish(state, p, { kind: 'key', key })
  }

  #delete(state: State, p: number, key: number): void {
    if (state.store[key]?.kind !== 'intents') state.store[key] = null
    state.counters[key] = (state.counters[key] as number) + 1
    this.#publish(state, p, { kind: 'key', key })
  }

  #invalidate(state: State, p: number): void {
    state.tagClock++
    state.marker = { generation: state.nextGeneration++, at: state.tagClock }
    this.#publish(state, p, { kind: 'tag' })
  }

  #publish(state: State, from: number, message: Message): void {
    for (const [p, process] of state.processes.entries()) {
      if (p === from || !process.up || process.missed || !this.#variant.memory) continue
      process.inbox.push(message)
    }
  }

  /** Everybody was promised this version: this process at once, the others when they have heard of the removal. */
  #promise(state: State, from: number, key: number, version: number): void {
    state.acknowledged[key] = Math.max(state.acknowledged[key] as number, version)
    this.#publish(state, from, { kind: 'due', key, version })
    // Without a memory there is nothing that could be late.
    if (!this.#variant.memory) for (const process of state.processes) this.#catchUp(state, process)
    for (const process of state.processes) {
      if (process.up && process.missed && !process.live) this.#catchUp(state, process)
    }
  }

  #drop(state: State, p: number, key: number): void {
    const process = state.processes[p] as Process
    process.memory[key] = null
    for (const reader of state.readers) if (reader.process === p && reader.key === key) reader.fenced = true
  }

  #dropTag(state: State, p: number): void {
    const process = state.processes[p] as Process
    process.sequence++
    for (const key of process.memory.keys()) process.memory[key] = null
  }

  #suspect(state: State, p: number): void {
    const process = state.processes[p] as Process
    for (const kept of process.memory) if (kept) kept.suspect = true
    for (const reader of state.readers) if (reader.process === p) reader.fenced = true
  }

  #catchUp(state: State, process: Process): void {
    for (const [key, version] of state.acknowledged.entries()) {
      process.due[key] = Math.max(process.due[key] as number, version)
    }
  }

  #process(from: State, p: number): void {
    const process = from.processes[p] as Process
    if (!process.up) return
    const [message] = process.inbox
    if (message !== undefined) {
      const what = message.kind === 'key' ? `key ${message.key}` : 'the tag'
      this.#step(`process ${p} hears that ${what} was removed`, from, (state) => {
        ;(state.processes[p] as Process).inbox.shift()
        if (message.kind === 'key') this.#drop(state, p, message.key)
        else this.#dropTag(state, p)
      })
    }
    if (process.missed && process.live) {
      this.#step(`the subscription lease of process ${p} runs out`, from, (state) => {
        const silent = state.processes[p] as Process
        // Who takes silence for peace goes on as before.
        if (this.#rules.gap) silent.live = false
        silent.missed = this.#rules.gap
        this.#catchUp(state, silent)
      })
    }
    if (process.missed && !process.live && process.connected) {
      this.#step(`process ${p} hears again`, from, (state) => {
        const again = state.processes[p] as Process
        again.missed = false
        again.live = true
        this.#suspect(state, p)
        this.#catchUp(state, again)
      })
    }
    if (!process.connected || process.tagJournal || process.journal.includes(true)) {
      const what = process.connected
        ? 'replays its journal'
        : 'reaches the store again and replays its journal'
      this.#step(`process ${p} ${what}`, from, (state) => {
        const back = state.processes[p] as Process
        back.connected = true
        for (const [key, waits] of back.journal.entries()) if (waits) this.#delete(state, p, key)
        if (back.tagJournal) this.#invalidate(state, p)
        back.journal = back.journal.map(() => false)
        back.tagJournal = false
        const { promised } = back
        back.promised = []
        for (const { key, version } of promised) this.#promise(state, p, key, version)
      })
    }
  }

  #faults(from: State): void {
    const { left } = from
    for (const [p, process] of from.processes.entries()) {
      if (!process.up) continue
      if (left.crashes > 0) this.#step(`process ${p} dies`, from, (state) => this.#crash(state, p))
      if (left.cuts > 0 && !process.missed) {
        this.#step(`the bus of process ${p} goes silent`, from, (state) => {
          state.left.cuts--
          const silent = state.processes[p] as Process
          silent.missed = true
          silent.inbox = []
        })
      }
      if (left.outages > 0 && process.connected) {
        this.#step(`process ${p} loses the store`, from, (state) => {
          state.left.outages--
          const cut = state.processes[p] as Process
          cut.connected = false
          cut.missed = true
          cut.inbox = []
        })
      }
    }
    for (const [key, cell] of from.store.entries()) this.#losses(from, key, cell)
    if (left.evictions > 0 && from.marker !== null && this.#variant.tagged) {
      this.#step('the tag marker is evicted', from, (state) => {
        state.left.evictions--
        state.marker = null
      })
    }
    if (left.restores > 0 && from.snapshot === null) {
      this.#step('the store is saved', from, (state) => {
        state.snapshot = { store: state.store, marker: state.marker }
      })
    }
    if (left.restores > 0 && from.snapshot !== null) {
      this.#step('the store restarts from what was saved', from, (state) => this.#restore(state))
    }
  }

  #losses(from: State, key: number, cell: Cell): void {
    const { left } = from
    if (left.evictions > 0 && cell !== null && cell.kind !== 'intents') {
      this.#step(`the ${cell.kind} of key ${key} expires`, from, (state) => {
        state.left.evictions--
        state.store[key] = null
      })
    }
    if (left.evictions > 0 && this.#rules.fill === 'counter' && (from.counters[key] as number) > 0) {
      this.#step(`the counter of key ${key} expires`, from, (state) => {
        state.left.evictions--
        state.counters[key] = 0
      })
    }
    if (cell?.kind !== 'intents') return
    for (const of of cell.of) {
      const owner = from.writers[of]
      const dead = owner === undefined ? false : owner.step === 'dead'
      if (!dead && !(this.#rules.intentsLapse && owner?.step === 'announced')) continue
      this.#step(`the intent of writer ${of} lapses`, from, (state) => {
        const standing = state.store[key] as { kind: 'intents'; of: number[] }
        const others = standing.of.filter((one) => one !== of)
        state.store[key] = others.length > 0 ? { kind: 'intents', of: others } : null
      })
    }
  }

  #crash(state: State, p: number): void {
    state.left.crashes--
    const process = state.processes[p] as Process
    process.up = false
    process.memory = process.memory.map(() => null)
    process.inbox = []
    for (const reader of state.readers) if (reader.process === p) reader.step = 'done'
    for (const writer of state.writers) {
      if (writer.process === p && writer.step !== 'done' && writer.step !== 'idle') writer.step = 'dead'
    }
  }

  #restore(state: State): void {
    state.left.restores--
    const saved = state.snapshot as { store: Cell[]; marker: State['marker'] }
    state.snapshot = null
    if (this.#rules.epoch) {
      state.store = state.store.map(() => null)
      state.marker = null
    } else {
      state.store = saved.store
      state.marker = saved.marker
    }
    // Its subscribers lost their connections, and know it.
    for (const [p, process] of state.processes.entries()) {
      if (!process.up) continue
      process.inbox = []
      this.#suspect(state, p)
      this.#catchUp(state, process)
    }
  }
}

/** Of actors that are alike and have not begun, it does not matter which one begins: the first does. */
function firstOfItsKind(actors: readonly (Reader | Writer)[], i: number): boolean {
  const kind = ({ process, key, ...rest }: Reader | Writer) =>
    `${process}/${key}/${'way' in rest ? rest.way : rest.due}`
  const own = kind(actors[i] as Reader | Writer)
  return actors.findIndex((actor) => actor.step === 'idle' && kind(actor) === own) === i
}

/** What everybody was promised counts for a process as soon as it has heard all that was sent before. */
function takeDue(process: Process): void {
  for (let [message] = process.inbox; message?.kind === 'due'; [message] = process.inbox) {
    process.inbox.shift()
    process.due[message.key] = Math.max(process.due[message.key] as number, message.version)
  }
}
