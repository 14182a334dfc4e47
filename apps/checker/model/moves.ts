import { copyOf } from './state.ts'
import type { Copy, Message, Process, State } from './state.ts'
import type { Rules, Variant } from './variant.ts'

/** What a step led to, or which promise it broke. */
export interface Step {
  readonly label: string
  readonly state: State
  readonly broken?: string
}

/** What steps of several actors do to a state, and the steps that were found. */
export class Moves {
  readonly rules: Rules
  readonly variant: Variant
  #steps: Step[] = []

  constructor(variant: Variant, rules: Rules) {
    this.variant = variant
    this.rules = rules
  }

  /** The steps that were added since this was asked for the last time. */
  take(): Step[] {
    const steps = this.#steps
    this.#steps = []
    return steps
  }

  step(label: string, from: State, change: (state: State) => string | void): void {
    const state = copyOf(from)
    const broken = change(state)
    for (const process of state.processes) takeDue(process)
    this.#steps.push(broken === undefined ? { label, state } : { label, state, broken })
  }

  valid(state: State, copy: Copy): boolean {
    if (!this.variant.tagged) return true
    if (state.marker === null) return this.rules.missingTag === 'valid'
    return state.marker.generation === copy.generation
  }

  drop(state: State, p: number, key: number): void {
    const process = state.processes[p] as Process
    process.memory[key] = null
    for (const reader of state.readers) if (reader.process === p && reader.key === key) reader.fenced = true
  }

  dropTag(state: State, p: number): void {
    const process = state.processes[p] as Process
    process.sequence++
    for (const key of process.memory.keys()) process.memory[key] = null
  }

  suspect(state: State, p: number): void {
    const process = state.processes[p] as Process
    for (const kept of process.memory) if (kept) kept.suspect = true
    for (const reader of state.readers) if (reader.process === p) reader.fenced = true
  }

  catchUp(state: State, process: Process): void {
    for (const [key, version] of state.acknowledged.entries()) {
      process.due[key] = Math.max(process.due[key] as number, version)
    }
  }

  publish(state: State, from: number, message: Message): void {
    for (const [p, process] of state.processes.entries()) {
      if (p === from || !process.up || process.missed || !this.variant.memory) continue
      process.inbox.push(message)
    }
  }

  /** Everybody was promised this version: this process at once, the others when they have heard of the removal. */
  promise(state: State, from: number, key: number, version: number): void {
    state.acknowledged[key] = Math.max(state.acknowledged[key] as number, version)
    this.publish(state, from, { kind: 'due', key, version })
    // Without a memory there is nothing that could be late.
    if (!this.variant.memory) for (const process of state.processes) this.catchUp(state, process)
    for (const process of state.processes) {
      if (process.up && process.missed && !process.live) this.catchUp(state, process)
    }
  }

  delete(state: State, p: number, key: number): void {
    if (state.store[key]?.kind !== 'intents') state.store[key] = null
    state.counters[key] = (state.counters[key] as number) + 1
    this.publish(state, p, { kind: 'key', key })
  }

  invalidate(state: State, p: number): void {
    state.tagClock++
    state.marker = { generation: state.nextGeneration++, at: state.tagClock }
    this.publish(state, p, { kind: 'tag' })
  }
}

/** What everybody was promised counts for a process as soon as it has heard all that was sent before. */
function takeDue(process: Process): void {
  for (let [message] = process.inbox; message?.kind === 'due'; [message] = process.inbox) {
    process.inbox.shift()
    process.due[message.key] = Math.max(process.due[message.key] as number, message.version)
  }
}
