import type { SeededRandom } from '@tierstack/cache-testing'
import type { Coverage } from './coverage.ts'
import { mutated } from './mutate.ts'
import type { Target } from '../targets/target.ts'

const batch = 256
/** A single input mustn't take longer; what a machine's pauses do is ruled out by a second run. */
const slowest = 2_000
/** From here on an input's memory is looked at too. */
const suspicious = 5
/** What a single input of at most 4 kB may take, in MB. The largest limit of a target is 1 MB. */
const mostTaken = 32
const mostKept = 2_000

/** An input that a parser should have borne and didn't. */
export interface Fault {
  readonly target: string
  readonly input: Uint8Array
  readonly error: unknown
}

/** One target with the inputs that each brought something new. */
export class Fuzzer {
  readonly target: Target
  readonly corpus: Uint8Array[]
  runs = 0
  readonly #coverage: Coverage
  readonly #random: SeededRandom

  constructor(target: Target, corpus: readonly Uint8Array[], coverage: Coverage, random: SeededRandom) {
    this.target = target
    this.corpus = [...target.seeds, ...corpus]
    this.#coverage = coverage
    this.#random = random
  }

  /** Runs everything that is known, so that only what is new counts as news. */
  async begin(): Promise<Fault | undefined> {
    for (const input of this.corpus) {
      const fault = await this.#run(input)
      if (fault) return fault
    }
    await this.#coverage.news()
    return undefined
  }

  /** Runs a batch of new inputs, and keeps those that reached code which none had. */
  async step(): Promise<Fault | undefined> {
    const random = this.#random
    const inputs = Array.from({ length: batch }, () => {
      // The newest are the least explored.
      const from = random.below(2) === 0 ? Math.max(0, this.corpus.length - 32) : 0
      const base = this.corpus[from + random.below(this.corpus.length - from)] as Uint8Array
      return mutated(base, random.pick(this.corpus), random)
    })
    for (const input of inputs) {
      const fault = await this.#run(input)
      if (fault) return fault
    }
    if ((await this.#coverage.news(true)) > 0) await this.#search(inputs)
    return undefined
  }

  /** Finds those of a batch that brought something new: asked for group by group. */
  async #search(inputs: readonly Uint8Array[]): Promise<void> {
    const { length } = inputs
    for (const input of inputs) await this.#run(input)
    if ((await this.#coverage.news(length > 1)) === 0) return
    if (length === 1) {
      this.corpus.push(inputs[0] as Uint8Array)
      if (this.corpus.length > mostKept) this.corpus.splice(this.target.seeds.length, 1)
      return
    }
    await this.#search(inputs.slice(0, length / 2))
    await this.#search(inputs.slice(length / 2))
  }

  async #run(input: Uint8Array): Promise<Fault | undefined> {
    this.runs++
    // Most inputs are refused with an error, and writing its stack takes longer than all else.
    Error.stackTraceLimit = 0
    if ((await this.#fault(input)) === undefined) return undefined
    Error.stackTraceLimit = 20
    return await this.#fault(input)
  }

  async #fault(input: Uint8Array): Promise<Fault | undefined> {
    const given = Uint8Array.from(input)
    try {
      const ms = await this.#timed(given)
      if (ms > slowest && (await this.#timed(given)) > slowest) throw new Error(`took ${Math.round(ms)} ms`)
      if (ms > suspicious) await this.#weigh(given)
      if (Object.keys(Object.prototype).length > 0 || 'polluted' in {})
        throw new Error('changed Object.prototype')
      if (!Buffer.from(given).equals(input)) throw new Error('changed its input')
    } catch (error) {
      return { target: this.target.name, input, error }
    }
    return undefined
  }

  async #weigh(input: Uint8Array): Promise<void> {
    const before = memoryUsed()
    await this.#timed(input)
    const taken = (memoryUsed() - before) / 1024 ** 2
    if (taken > mostTaken) throw new Error(`took ${Math.round(taken)} MB`)
  }

  async #timed(input: Uint8Array): Promise<number> {
    const began = performance.now()
    const running = this.target.run(input)
    if (running !== undefined) await running
    return performance.now() - began
  }
}

function memoryUsed(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
