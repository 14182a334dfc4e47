/** Bytes `first` to `last` of a body, both included. */
export interface Span {
  readonly first: number
  readonly last: number
}

const one = /^bytes=\s*(\d*)-(\d*)\s*$/i

/**
 * The one range that a request asks for, in a body of `length` bytes. `undefined`: send everything (no range, several,
 * or one that can't be read). `unsatisfiable`: there are no such bytes (RFC 9110, section 14.1.2).
 */
export function spanOf(range: string | undefined, length: number): Span | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = one.exec(range ?? '') ?? []
  if (from === '' && to === '') return undefined
  if (from === '') {
    const count = Math.min(Number(to), length)
    return count === 0 ? 'unsatisfiable' : { first: length - count, last: length - 1 }
  }
  const first = Number(from)
  const last = to === '' ? length - 1 : Math.min(Number(to), length - 1)
  if (to !== '' && Number(to) < first) return undefined
  return first >= length ? 'unsatisfiable' : { first, last }
}

/** `Content-Range: bytes 4-9/10`. */
export function parseContentRange(
  value: string | undefined,
): (Span & { readonly total: number }) | undefined {
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(value?.trim() ?? '')
  if (found === null) return undefined
  const [first, last, total] = found.slice(1).map(Number) as [number, number, number]
  return first <= last && last < total ? { first, last, total } : undefined
}
