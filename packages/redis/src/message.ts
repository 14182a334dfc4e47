import type { Removal } from '@tierstack/cache-core'

/*
 * `<sequence>|<origin(16)><kind(1)>` and then each name as `<bytes>:<name>`: lengths, because a name may contain
 * anything. Names only, never values. The script that sends a message puts the sequence in front.
 */
export type Message =
  | {
      readonly kind: 'removal'
      readonly sequence: number
      readonly origin: string
      readonly removal: Removal
      /** Which work it belongs to, in the process that removed. */
      readonly trace: string | undefined
    }
  /** Everything was removed by a new epoch. */
  | { readonly kind: 'epoch'; readonly sequence: number; readonly origin: string; readonly epoch: string }
  /** Not numbered: who misses it only waits longer. */
  | { readonly kind: 'filled'; readonly origin: string; readonly keys: readonly string[] }

/** Anything larger was not sent by us. */
const longest = 4 * 1024 ** 2
const namesEach = 500
const bytesEach = 64 * 1024

const letters = { keys: ['K', 'k'], tags: ['T', 't'] } as const

/**
 * Not a name that any key or tag can have: readers that don't know it remove nothing by it. So it may travel among the
 * names, and processes of either kind understand each other.
 */
const traceName = '!trace:'

/**
 * Bodies of the messages that tell of a removal: one, or several when there are many names.
 *
 * @param trace Which work it belongs to, for those who hear of it.
 */
export function removalBodies(origin: string, removal: Removal, trace?: string): Buffer[] {
  if (removal.kind === 'all') return [Buffer.from(`${origin}A`)]
  const names = removal.kind === 'keys' ? removal.keys : removal.tags
  const letter = letters[removal.kind][removal.soft ? 1 : 0]
  const bodies: Buffer[] = []
  const first =
    trace === undefined ? '' : `${Buffer.byteLength(trace) + traceName.length}:${traceName}${trace}`
  let text = first
  let count = 0
  for (const name of names) {
    text += nameInBody(name)
    if (++count < namesEach && text.length < bytesEach) continue
    bodies.push(Buffer.from(`${origin}${letter}${text}`))
    text = first
    count = 0
  }
  if (count > 0) bodies.push(Buffer.from(`${origin}${letter}${text}`))
  return bodies
}

export function epochBody(origin: string, epoch: string): Buffer {
  return Buffer.from(`${origin}E${Buffer.byteLength(epoch)}:${epoch}`)
}

/** What a message of fills begins with; the names follow. */
export function filledHead(origin: string): string {
  return `${origin}F`
}

/** A name as it stands in a message. */
export function nameInBody(name: string): string {
  return `${Buffer.byteLength(name)}:${name}`
}

/** Undefined for anything that is not exactly a message of ours. Never throws. */
export function parseMessage(bytes: Uint8Array): Message | undefined {
  if (bytes.length > longest) return undefined
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const bar = buffer.indexOf(0x7c)
  const sequence = parseCount(buffer, 0, bar)
  if (sequence === undefined || buffer.length < bar + 18) return undefined
  const origin = buffer.toString('latin1', bar + 1, bar + 17)
  if (!/^[\w-]{16}$/.test(origin)) return undefined
  const all = parseNames(buffer, bar + 18)
  if (all === undefined) return undefined
  const trace = all[0]?.startsWith(traceName) ? all[0].slice(traceName.length) : undefined
  const names = trace === undefined ? all : all.slice(1)
  const letter = String.fromCharCode(buffer[bar + 17] as number)
  const [first] = names
  const soft = letter === 'k' || letter === 't'
  switch (letter) {
    case 'K':
    case 'k':
      return names.length === 0
        ? undefined
        : { kind: 'removal', sequence, origin, removal: { kind: 'keys', keys: names, soft }, trace }
    case 'T':
    case 't':
      return names.length === 0
        ? undefined
        : { kind: 'removal', sequence, origin, removal: { kind: 'tags', tags: names, soft }, trace }
    case 'A':
      return all.length === 0
        ? { kind: 'removal', sequence, origin, removal: { kind: 'all' }, trace }
        : undefined
    case 'E':
      if (names.length !== 1 || first === undefined || !/^[\w-]{16}$/.test(first)) return undefined
      return { kind: 'epoch', sequence, origin, epoch: first }
    case 'F':
      return names.length > 0 && sequence === 0 ? { kind: 'filled', origin, keys: names } : undefined
    default:
      return undefined
  }
}

/** A process' own heartbeat as it comes back on its channel. */
export interface Pulse {
  readonly beat: number
  /** Number of the last message before it. */
  readonly sequence: number
}

export function parsePulse(bytes: Uint8Array): Pulse | undefined {
  if (bytes.length > 40) return undefined
  const match = /^(\d{1,15})\|(\d{1,16})$/.exec(Buffer.from(bytes).toString('latin1'))
  return match ? { beat: Number(match[1]), sequence: Number(match[2]) } : undefined
}

function parseNames(buffer: Buffer, start: number): string[] | undefined {
  const names: string[] = []
  let at = start
  while (at < buffer.length) {
    const colon = buffer.indexOf(0x3a, at)
    const length = parseCount(buffer, at, colon)
    if (length === undefined || colon + 1 + length > buffer.length) return undefined
    const bytes = buffer.subarray(colon + 1, colon + 1 + length)
    const name = bytes.toString()
    // Not UTF-8: another program's. The replacement character would make it a different name.
    if (name.includes('\ufffd') && !Buffer.from(name).equals(bytes)) return undefined
    names.push(name)
    at = colon + 1 + length
  }
  return names
}

function parseCount(buffer: Buffer, start: number, end: number): number | undefined {
  if (end <= start || end - start > 16) return undefined
  // Nobody of ours writes a leading zero: one number has one spelling.
  if (buffer[start] === 0x30 && end - start > 1) return undefined
  let count = 0
  for (let i = start; i < end; i++) {
    const digit = (buffer[i] as number) - 0x30
    if (digit < 0 || digit > 9) return undefined
    count = count * 10 + digit
  }
  return Number.isSafeInteger(count) ? count : undefined
}
