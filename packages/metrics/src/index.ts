export { instruments } from './instruments.ts'
export type { Instrument } from './instruments.ts'
export { measure } from './measure.ts'
export type { Lag, Measured, MeasureOptions } from './measure.ts'
