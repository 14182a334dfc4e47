import type { Moves } from './moves.ts'
import type { Cell, Process, State } from './state.ts'

/** What breaks: processes, the bus, the way to the store, and the store. */
export class FaultSteps {
  readonly #moves: Moves

  constructor(moves: Moves) {
    this.#moves = moves
  }

  add(from: State): void {
    const { left } = from
    for (const [p, process] of from.processes.entries()) {
      if (!process.up) continue
      if (left.crashes > 0) this.#moves.step(`process ${p} dies`, from, (state) => this.#crash(state, p))
      if (left.cuts > 0 && !process.missed) {
        this.#moves.step(`the bus of process ${p} goes silent`, from, (state) => {
          state.left.cuts--
          const silent = state.processes[p] as Process
          silent.missed = true
          silent.inbox = []
        })
      }
      if (left.outages > 0 && process.connected) {
        this.#moves.step(`process ${p} loses the store`, from, (state) => {
          state.left.outages--
          const cut = state.processes[p] as Process
          cut.connected = false
          cut.missed = true
          cut.inbox = []
        })
      }
    }
    for (const [key, cell] of from.store.entries()) this.#losses(from, key, cell)
    if (left.evictions > 0 && from.marker !== null && this.#moves.variant.tagged) {
      this.#moves.step('the tag marker is evicted', from, (state) => {
        state.left.evictions--
        state.marker = null
      })
    }
    if (left.restores > 0 && from.snapshot === null) {
      this.#moves.step('the store is saved', from, (state) => {
        state.snapshot = { store: state.store, marker: state.marker }
      })
    }
    if (left.restores > 0 && from.snapshot !== null) {
      this.#moves.step('the store restarts from what was saved', from, (state) => this.#restore(state))
    }
  }

  #losses(from: State, key: number, cell: Cell): void {
    const { left } = from
    if (left.evictions > 0 && cell !== null && cell.kind !== 'intents') {
      this.#moves.step(`the ${cell.kind} of key ${key} expires`, from, (state) => {
        state.left.evictions--
        state.store[key] = null
      })
    }
    if (left.evictions > 0 && this.#moves.rules.fill === 'counter' && (from.counters[key] as number) > 0) {
      this.#moves.step(`the counter of key ${key} expires`, from, (state) => {
        state.left.evictions--
        state.counters[key] = 0
      })
    }
    if (cell?.kind !== 'intents') return
    for (const of of cell.of) {
      const owner = from.writers[of]
      const dead = owner === undefined ? false : owner.step === 'dead'
      if (!dead && !(this.#moves.rules.intentsLapse && owner?.step === 'announced')) continue
      this.#moves.step(`the intent of writer ${of} lapses`, from, (state) => {
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
    if (this.#moves.rules.epoch) {
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
      this.#moves.suspect(state, p)
      this.#moves.catchUp(state, process)
    }
  }
}
