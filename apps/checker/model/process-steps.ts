import type { Moves } from './moves.ts'
import type { Process, State } from './state.ts'

/** What a process hears, what it does in silence, and how it brings its journal to the store. */
export class ProcessSteps {
  readonly #moves: Moves

  constructor(moves: Moves) {
    this.#moves = moves
  }

  add(from: State, p: number): void {
    const process = from.processes[p] as Process
    if (!process.up) return
    const [message] = process.inbox
    if (message !== undefined) {
      const what = message.kind === 'key' ? `key ${message.key}` : 'the tag'
      this.#moves.step(`process ${p} hears that ${what} was removed`, from, (state) => {
        ;(state.processes[p] as Process).inbox.shift()
        if (message.kind === 'key') this.#moves.drop(state, p, message.key)
        else this.#moves.dropTag(state, p)
      })
    }
    if (process.missed && process.live) {
      this.#moves.step(`the subscription lease of process ${p} runs out`, from, (state) => {
        const silent = state.processes[p] as Process
        // Who takes silence for peace goes on as before.
        if (this.#moves.rules.gap) silent.live = false
        silent.missed = this.#moves.rules.gap
        this.#moves.catchUp(state, silent)
      })
    }
    if (process.missed && !process.live && process.connected) {
      this.#moves.step(`process ${p} hears again`, from, (state) => {
        const again = state.processes[p] as Process
        again.missed = false
        again.live = true
        this.#moves.suspect(state, p)
        this.#moves.catchUp(state, again)
      })
    }
    if (!process.connected || process.tagJournal || process.journal.includes(true)) {
      const what = process.connected
        ? 'replays its journal'
        : 'reaches the store again and replays its journal'
      this.#moves.step(`process ${p} ${what}`, from, (state) => {
        const back = state.processes[p] as Process
        back.connected = true
        for (const [key, waits] of back.journal.entries()) if (waits) this.#moves.delete(state, p, key)
        if (back.tagJournal) this.#moves.invalidate(state, p)
        back.journal = back.journal.map(() => false)
        back.tagJournal = false
        const { promised } = back
        back.promised = []
        for (const { key, version } of promised) this.#moves.promise(state, p, key, version)
      })
    }
  }
}
