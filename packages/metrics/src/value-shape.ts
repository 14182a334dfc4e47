const deepest = 5
const most = 50

/** What a value looks like without what it says: kinds, names of fields and lengths. */
export function valueShape(value: unknown, depth = 0): unknown {
  if (value === null) return 'null'
  if (typeof value === 'string') return `string(${value.length})`
  if (typeof value !== 'object') return typeof value
  if (value instanceof Date) return 'date'
  if (ArrayBuffer.isView(value)) return `bytes(${value.byteLength})`
  if (depth >= deepest) return Array.isArray(value) ? `array(${value.length})` : 'object'
  if (Array.isArray(value)) {
    return value.length === 0 ? [] : [`${value.length} items, the first:`, valueShape(value[0], depth + 1)]
  }
  if (value instanceof Map || value instanceof Set) {
    return `${value instanceof Map ? 'map' : 'set'}(${value.size})`
  }
  const fields = Object.entries(value)
  const shown = fields.slice(0, most).map(([name, field]) => [name, valueShape(field, depth + 1)] as const)
  if (fields.length > most) shown.push(['…', `${fields.length - most} more`])
  return Object.fromEntries(shown)
}
