/** A value as a memory or the store holds it: which version, made under which tag generation. */
export interface Copy {
  version: number
  generation: number
}

/** What the store holds under one key. */
export type Cell =
  | null
  | { kind: 'value'; copy: Copy }
  | { kind: 'lease'; of: number }
  | { kind: 'intents'; of: number[] }

/** What travels on the bus to one process, in order. */
export type Message =
  | { kind: 'key'; key: number }
  | { kind: 'tag' }
  /** Not a message of the protocol: what was acknowledged when everything before it had been sent. */
  | { kind: 'due'; key: number; version: number }

export interface Process {
  up: boolean
  /** Can it reach the store? */
  connected: boolean
  /** Does it hold a subscription lease? */
  live: boolean
  /** Were messages to it lost since it was last told everything? */
  missed: boolean
  inbox: Message[]
  memory: (({ suspect: boolean; by: number } & Copy) | null)[]
  /** Keys whose removal waits for the store. */
  journal: boolean[]
  tagJournal: boolean
  /** By key: below this version no read that begins now may go. */
  due: number[]
  /** Removals of the tag noticed so far: the fence's sequence. */
  sequence: number
  /** Versions promised to this process only, until its journal is empty. */
  promised: { key: number; version: number }[]
}

export type ReaderStep = 'idle' | 'asking' | 'hit' | 'loading' | 'loaded' | 'storing' | 'joined' | 'done'

export interface Reader {
  process: number
  key: number
  step: ReaderStep
  due: number
  /** Was the key removed, or everything suspected, since it began? */
  fenced: boolean
  /** Sequence of the fence when it began, or joined. */
  sequence: number
  leased: boolean
  /** Did it find a write announced? */
  blocked: boolean
  /** The store's tag clock, or generation counter, when it began. */
  clock: number
  generation: number
  version: number
  flight: number
}

export type WriterStep = 'idle' | 'announced' | 'committed' | 'dropped' | 'removed' | 'done' | 'dead'

export interface Writer {
  process: number
  key: number
  way: 'delete' | 'write' | 'tag'
  step: WriterStep
  version: number
}

export interface State {
  source: number[]
  store: Cell[]
  /** Generation counters, for the variants that have them. */
  counters: number[]
  /** The tag's marker: generation and the clock at its last invalidation; null when evicted. */
  marker: { generation: number; at: number } | null
  tagClock: number
  nextGeneration: number
  snapshot: { store: Cell[]; marker: State['marker'] } | null
  processes: Process[]
  readers: Reader[]
  writers: Writer[]
  /** Highest version of each key that everybody was promised. */
  acknowledged: number[]
  left: Budget
}

/** How often something may go wrong. */
export interface Budget {
  crashes: number
  cuts: number
  evictions: number
  outages: number
  restores: number
  /** Requests of a process that reaches the store, but gets no answer. */
  timeouts: number
}

/** Cells, copies and messages are never changed in place; the rest is. */
export function copyOf(state: State): State {
  return {
    ...state,
    source: [...state.source],
    store: [...state.store],
    counters: [...state.counters],
    acknowledged: [...state.acknowledged],
    left: { ...state.left },
    processes: state.processes.map((process) => ({
      ...process,
      inbox: [...process.inbox],
      memory: process.memory.map((kept) => (kept === null ? null : { ...kept })),
      journal: [...process.journal],
      due: [...process.due],
      promised: [...process.promised],
    })),
    readers: state.readers.map((reader) => ({ ...reader })),
    writers: state.writers.map((writer) => ({ ...writer })),
  }
}

const cellKey = (cell: Cell): string => {
  if (cell === null) return '-'
  if (cell.kind === 'value') return `v${cell.copy.version}.${cell.copy.generation}`
  return cell.kind === 'lease' ? `l${cell.of}` : `t${cell.of.join('.')}`
}
const flag = (on: boolean): string => (on ? '1' : '0')
const messageKey = (message: Message): string => {
  if (message.kind === 'tag') return 't'
  return message.kind === 'key' ? `k${message.key}` : `d${message.key}.${message.version}`
}

/** Two states with one key are the same state. Short: millions of them are kept. */
export function keyOf(state: State): string {
  const { source, store, counters, marker, tagClock, nextGeneration, snapshot, left, acknowledged } = state
  let key = `${source.join()}|${store.map(cellKey).join()}|${counters.join()}|${acknowledged.join()}|${tagClock},${nextGeneration}`
  if (marker) key += `m${marker.generation},${marker.at}`
  if (snapshot) key += `s${snapshot.store.map(cellKey).join()},${snapshot.marker?.generation ?? ''}`
  key += `|${left.crashes}${left.cuts}${left.evictions}${left.outages}${left.restores}${left.timeouts}`
  for (const one of state.processes) {
    key += `|${flag(one.up)}${flag(one.connected)}${flag(one.live)}${flag(one.missed)}${flag(one.tagJournal)}${one.journal.map(flag).join('')}`
    key += `${one.inbox.map(messageKey).join('')};${one.due.join()};${one.sequence}`
    for (const kept of one.memory) {
      key += kept === null ? '-' : `,${kept.version}.${kept.generation}.${kept.by}${flag(kept.suspect)}`
    }
    for (const { key: of, version } of one.promised) key += `p${of}.${version}`
  }
  for (const {
    step,
    due,
    fenced,
    sequence,
    leased,
    blocked,
    clock,
    generation,
    version,
    flight,
  } of state.readers) {
    const idle = step === 'idle' && due === 0
    key +=
      step === 'done' || idle
        ? `|${step}`
        : `|${step}${due},${sequence},${clock},${generation},${version},${flight}${flag(fenced)}${flag(leased)}${flag(blocked)}`
  }
  for (const { step, version } of state.writers) key += `|${step}${version}`
  return key
}
