import { instruments } from '../src/instruments.ts'
import type { InstrumentKey } from '../src/instruments.ts'

/**
 * Who turns OpenTelemetry's names into those of Prometheus. The JavaScript exporter leaves units out; the Collector (and
 * Prometheus' own OTLP receiver) appends them, as the specification says ("Prometheus and OpenMetrics Compatibility").
 */
export type Exporter = 'javascript' | 'collector'

const unitNames: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' }

/** The name of an instrument's series; for histograms without `_bucket`, `_sum` or `_count`. */
export function seriesName(key: InstrumentKey, exporter: Exporter): string {
  const { name, kind, unit } = instruments[key]
  const suffix = exporter === 'collector' ? (unitNames[unit] ?? '') : ''
  return `${name.replaceAll('.', '_')}${suffix}${kind === 'counter' ? '_total' : ''}`
}
