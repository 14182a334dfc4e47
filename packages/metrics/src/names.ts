/** Of the meter and the tracer. */
export const scopeName = '@tierstack/cache-metrics'

/** Label of keys that were given as text: no definition can have this name. */
export const rawKeys = '(raw)'
