import { firstOfItsKind } from './first-of-its-kind.ts'
import type { Moves } from './moves.ts'
import type { Cell, Process, State, Writer } from './state.ts'

/** A change of the source with its removal: by key, by tag, or under an intent. */
export class WriterSteps {
  readonly #moves: Moves

  constructor(moves: Moves) {
    this.#moves = moves
  }

  add(from: State, i: number): void {
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
      this.#moves.step(say('announces its write'), from, (state) => {
        this.#moves.drop(state, p, key)
        this.#announce(state, i)
        this.#moves.drop(state, p, key)
        to(state, 'announced')
      })
      return
    }
    if ((step === 'idle' && way !== 'write') || step === 'announced') {
      this.#moves.step(say('commits'), from, (state) => {
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
      this.#moves.step(say('removes here'), from, (state) => {
        if (way === 'tag') this.#moves.dropTag(state, p)
        else this.#moves.drop(state, p, key)
        to(state, 'dropped')
      })
      return
    }
    if (step === 'dropped') {
      this.#moves.step(say('removes in the store'), from, (state) => this.#remove(state, i, false))
      if (from.left.timeouts > 0) {
        this.#moves.step(say('gets no answer to its removal'), from, (state) => {
          state.left.timeouts--
          this.#remove(state, i, true)
        })
      }
    }
    if (step === 'removed') {
      this.#moves.step(say('is told that it is done'), from, (state) => {
        const process = state.processes[p] as Process
        if (way === 'tag') this.#moves.dropTag(state, p)
        else this.#moves.drop(state, p, key)
        to(state, 'done')
        const { version } = state.writers[i] as Writer
        const keys = way === 'tag' ? [...state.source.keys()] : [key]
        for (const one of keys) {
          const promised = way === 'tag' ? Math.min(version, state.source[one] as number) : version
          process.due[one] = Math.max(process.due[one] as number, promised)
          if (process.journal[one] || process.tagJournal)
            process.promised.push({ key: one, version: promised })
          else this.#moves.promise(state, p, one, promised)
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
      if (!this.#moves.rules.journal) return
      if (way === 'tag') process.tagJournal = true
      else process.journal[key] = true
      return
    }
    if (way === 'tag') this.#moves.invalidate(state, p)
    else if (way === 'write') this.#withdraw(state, i)
    else this.#moves.delete(state, p, key)
  }

  #announce(state: State, i: number): void {
    const { process: p, key } = state.writers[i] as Writer
    const cell = state.store[key] as Cell
    const mark = this.#moves.rules.intents === 'shared' ? -1 : i
    const others = cell?.kind === 'intents' ? cell.of : []
    state.store[key] = { kind: 'intents', of: [...new Set([...others, mark])].toSorted((a, b) => a - b) }
    this.#moves.publish(state, p, { kind: 'key', key })
  }

  #withdraw(state: State, i: number): void {
    const { process: p, key } = state.writers[i] as Writer
    const cell = state.store[key] as Cell
    const mark = this.#moves.rules.intents === 'shared' ? -1 : i
    const left = cell?.kind === 'intents' ? cell.of.filter((one) => one !== mark) : []
    state.store[key] = left.length > 0 ? { kind: 'intents', of: left } : null
    this.#moves.publish(state, p, { kind: 'key', key })
  }
}
