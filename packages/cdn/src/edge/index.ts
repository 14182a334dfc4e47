export { edge } from './edge.ts'
export type { Edge } from './edge.ts'
export type { EdgeCounters } from './lookup.ts'
export type { EdgeOptions } from './options.ts'
