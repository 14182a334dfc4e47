import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import type { Endpoint } from './questions.ts'
import type { Source } from './served.ts'

export interface Latency {
  readonly reads: number
  /** All in ms; 0 when there were no reads. */
  readonly p50: number
  readonly p99: number
  readonly mean: number
}

function latencyOf(histogram: RecordableHistogram | undefined): Latency {
  if (!histogram || histogram.count === 0) return { reads: 0, p50: 0, p99: 0, mean: 0 }
  return {
    reads: histogram.count,
    p50: histogram.percentile(50) / 1e6,
    p99: histogram.percentile(99) / 1e6,
    mean: histogram.mean / 1e6,
  }
}

/** Counts reads and their times by source and by endpoint. Takes the same memory however many there are. */
export class Recorder {
  readonly #histograms = new Map<string, RecordableHistogram>()
  readonly #sources = new Set<Source>()

  record(endpoint: Endpoint, source: Source, ms: number): void {
    this.#sources.add(source)
    const ns = Math.max(1, Math.round(ms * 1e6))
    this.#histogram('all').record(ns)
    this.#histogram(source).record(ns)
    this.#histogram(`${endpoint} ${source}`).record(ns)
  }

  /** Who served, in no particular order. */
  get sources(): ReadonlySet<Source> {
    return this.#sources
  }

  /** All reads. */
  all(): Latency {
    return latencyOf(this.#histograms.get('all'))
  }

  /** The reads that this source served. */
  of(source: Source): Latency {
    return latencyOf(this.#histograms.get(source))
  }

  /** The reads of one endpoint that this source served. */
  ofEndpoint(endpoint: Endpoint, source: Source): Latency {
    return latencyOf(this.#histograms.get(`${endpoint} ${source}`))
  }

  #histogram(name: string): RecordableHistogram {
    let histogram = this.#histograms.get(name)
    if (!histogram) {
      histogram = createHistogram()
      this.#histograms.set(name, histogram)
    }
    return histogram
  }
}
