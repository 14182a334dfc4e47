import { LedgerReader } from './ledger.ts'

const remembered = 5_000

/** The versions of one key that may count as acknowledged, in order of version. */
interface KeyHistory {
  readonly versions: number[]
  readonly at: number[]
  readonly from: number[]
}

/** Since when which version is due, as far as the ledgers tell. */
export interface Due {
  /** Earliest acknowledgement, to this process, of a version newer than the one read. */
  readonly own: number
  /** The same by another process, or to everybody. */
  readonly others: number
}

/** Times at which messages between processes had a reason to be late: from, to. */
type Span = [number, number]

/** Everything acknowledged so far, by key. */
export class History {
  readonly #self: number
  readonly #reader: LedgerReader
  readonly #keys: KeyHistory[] = []
  readonly #silences: { readonly from: number; readonly span: Span }[] = []
  readonly #lags: Span[] = []
  readonly #how = new Map<string, string>()
  /** Newest version of each key that anybody acknowledged. */
  readonly newest: Uint32Array

  /** @param self Instance whose own acknowledgements count as own, and whose lags count. */
  constructor(folder: string, keys: number, self: number) {
    this.#self = self
    this.#reader = new LedgerReader(folder)
    this.newest = new Uint32Array(keys)
    for (let key = 0; key < keys; key++) this.#keys.push({ versions: [], at: [], from: [] })
  }

  /** To be called before a verdict: takes in what was written until this instant. */
  update(): void {
    this.#reader.read((mark) => {
      if (mark.kind === 'acknowledged') {
        // What this process itself was told is known already, from an earlier instant.
        if (mark.from !== this.#self) this.note(mark.key, mark.version, mark.at, mark.from)
      }
      // The process that makes the faults and holds the proxies concerns everybody.
      else if (mark.from !== 0 && mark.from !== this.#self) return
      else if (mark.kind === 'lag') this.#lags.push([mark.at, mark.until])
      else if (mark.began) this.#silences.push({ from: mark.from, span: [mark.at, Number.POSITIVE_INFINITY] })
      else {
        const last = this.#silences.findLast(({ from }) => from === mark.from)
        if (last !== undefined) last.span[1] = mark.at
      }
    })
  }

  /** A version acknowledged to this process alone: its removal waits in this process for Redis to come back. */
  noteOwn(key: number, version: number, at: number, how: string): void {
    this.note(key, version, at, this.#self)
    this.#how.set(`${key}/${version}`, how)
    if (this.#how.size > remembered) this.#how.delete(this.#how.keys().next().value as string)
  }

  /** How this process removed the versions of a key that are newer than this one, for reports. */
  removals(key: number, version: number): string {
    const { versions } = this.#keys[key] as KeyHistory
    return versions
      .filter((one) => one > version)
      .map((one) => `${one} ${this.#how.get(`${key}/${one}`) ?? 'elsewhere'}`)
      .join(', ')
  }

  /** Since when a newer version than this one is due. `Infinity` where none is. */
  due(key: number, version: number): Due {
    const { versions, at, from } = this.#keys[key] as KeyHistory
    let own = Number.POSITIVE_INFINITY
    let others = Number.POSITIVE_INFINITY
    for (let i = versions.length - 1; i >= 0 && (versions[i] as number) > version; i--) {
      const time = at[i] as number
      if (from[i] === this.#self) own = Math.min(own, time)
      else others = Math.min(others, time)
    }
    return { own, others }
  }

  /** Was a fault between the processes going on, or just over, at some instant of the span? */
  silent(from: number, to: number, aftermath: number): boolean {
    return this.#silences.some(({ span: [began, ended] }) => began <= to && from <= ended + aftermath)
  }

  /** How long, within the span, this process or the proxies' stood still. */
  lag(from: number, to: number): number {
    let sum = 0
    for (const [began, ended] of this.#lags) sum += Math.max(0, Math.min(to, ended) - Math.max(from, began))
    return sum
  }

  note(key: number, version: number, at: number, from: number): void {
    const history = this.#keys[key] as KeyHistory
    let i = history.versions.length
    while (i > 0 && (history.versions[i - 1] as number) > version) i--
    history.versions.splice(i, 0, version)
    history.at.splice(i, 0, at)
    history.from.splice(i, 0, from)
    if (version > (this.newest[key] as number)) this.newest[key] = version
  }
}
