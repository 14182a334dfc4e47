export type { SqliteOptions } from './options.ts'
export { sqlite } from './sqlite.ts'
export type { SqliteTier } from './sqlite.ts'
