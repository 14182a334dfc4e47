import { FaultSteps } from './fault-steps.ts'
import { Moves } from './moves.ts'
import type { Step } from './moves.ts'
import { ProcessSteps } from './process-steps.ts'
import { ReaderSteps } from './reader-steps.ts'
import type { Cell, State } from './state.ts'
import type { Rules, Variant } from './variant.ts'
import { WriterSteps } from './writer-steps.ts'

/** All that can happen next. Every step is atomic where the protocol's is: one script, one synchronous stretch. */
export class Transitions {
  readonly #moves: Moves
  readonly #readers: ReaderSteps
  readonly #writers: WriterSteps
  readonly #processes: ProcessSteps
  readonly #faults: FaultSteps

  constructor(variant: Variant, rules: Rules) {
    this.#moves = new Moves(variant, rules)
    this.#readers = new ReaderSteps(this.#moves)
    this.#writers = new WriterSteps(this.#moves)
    this.#processes = new ProcessSteps(this.#moves)
    this.#faults = new FaultSteps(this.#moves)
  }

  from(state: State): Step[] {
    for (const i of state.readers.keys()) this.#readers.add(state, i)
    for (const i of state.writers.keys()) this.#writers.add(state, i)
    for (const i of state.processes.keys()) this.#processes.add(state, i)
    this.#faults.add(state)
    return this.#moves.take()
  }

  /** In a state in which nothing can happen any more, everything must be as the source has it. */
  settled(state: State): string | undefined {
    for (const [key, version] of state.source.entries()) {
      const cell = state.store[key] as Cell
      if (cell?.kind === 'value' && this.#moves.valid(state, cell.copy) && cell.copy.version < version) {
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
}
