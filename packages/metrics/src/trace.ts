import { context, SpanKind, SpanStatusCode, trace as traces, TraceFlags } from '@opentelemetry/api'
import type { Attributes, Context, Span, SpanContext, Tracer, TracerProvider } from '@opentelemetry/api'
import { checkKeys, expectation } from '@tierstack/cache-core'
import type {
  CacheStats,
  RemovalOutcome,
  RemovalTold,
  TracedLoad,
  TracedRead,
  TracedRemoval,
  Tracer as CacheTracer,
} from '@tierstack/cache-core'
import { hiddenKey } from './hidden-key.ts'
import { rawKeys, scopeName } from './names.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

export interface Traced {
  stats(): Pick<CacheStats, 'namespace'>
  trace(tracer: CacheTracer): () => void
}

export interface TraceOptions {
  /** @default the global one of `@opentelemetry/api` */
  readonly tracerProvider?: TracerProvider
  /**
   * Share of the reads, loads and removals that get a span, of those that are not in a trace which is known not to be
   * sampled. The sampler of the SDK has its say on top of it.
   * @default 1
   */
  readonly share?: number
  /** What spans tell of keys. `hidden`: the definition and a hash of the input. @default 'none' */
  readonly keys?: 'none' | 'hidden' | 'plain'
}

export const traceOptionNames: readonly (keyof TraceOptions)[] = ['tracerProvider', 'share', 'keys']

/**
 * Traces what a cache does beyond its local tiers, until the returned function is called: one span per read that no
 * local tier could answer, with an event for each tier asked; one below it for the load; one per removal, and one
 * where it is heard. Readers that waited for another process, or found what it loaded, link to the load that made their
 * value; so do removals that are heard to those who removed.
 *
 * A local hit has no span and costs nothing more. A read in a trace that isn't sampled has none either.
 */
export function trace(cache: Traced, options: TraceOptions = {}): () => void {
  checkKeys('trace options', options, traceOptionNames)
  const { tracerProvider = traces.getTracerProvider(), share = 1, keys = 'none' } = options
  if (!(share >= 0 && share <= 1)) throw expectation('share', 'a number from 0 to 1', share)
  if (!['none', 'hidden', 'plain'].includes(keys)) {
    throw expectation('keys', "'none', 'hidden' or 'plain'", keys)
  }
  const { namespace } = cache.stats()
  return cache.trace(new SpanTracer(tracerProvider.getTracer(scopeName), namespace, share, keys))
}

class SpanTracer implements CacheTracer {
  readonly #tracer: Tracer
  readonly #namespace: string
  readonly #share: number
  readonly #keys: 'none' | 'hidden' | 'plain'

  constructor(tracer: Tracer, namespace: string, share: number, keys: 'none' | 'hidden' | 'plain') {
    this.#tracer = tracer
    this.#namespace = namespace
    this.#share = share
    this.#keys = keys
  }

  read({
    def,
    key,
  }: {
    readonly def: string | undefined
    readonly key: () => string
  }): TracedRead | undefined {
    if (!this.#wanted(context.active())) return undefined
    const name = def ?? rawKeys
    const attributes = { ...this.#own(name, key), 'cache.operation': 'get' }
    return quietly(() => {
      const span = this.#tracer.startSpan(`cache.get ${name}`, { kind: SpanKind.INTERNAL, attributes })
      return new ReadSpan(span, traces.setSpan(context.active(), span))
    })
  }

  load(
    { def, reason, key }: Parameters<CacheTracer['load']>[0],
    read: TracedRead | undefined,
  ): TracedLoad | undefined {
    const parent = read instanceof ReadSpan ? read.context : context.active()
    // Of a read that has no span, the load has none: the share was drawn for both.
    if (read === undefined && !this.#wanted(parent)) return undefined
    const name = def ?? rawKeys
    const attributes = { ...this.#own(name, key), 'cache.reason': reason }
    return quietly(() => {
      const span = this.#tracer.startSpan(
        `cache.load ${name}`,
        { kind: SpanKind.INTERNAL, attributes },
        parent,
      )
      return new LoadSpan(span, traces.setSpan(parent, span))
    })
  }

  removal(told: RemovalTold): TracedRemoval | undefined {
    if (!this.#wanted(context.active())) return undefined
    return quietly(() => {
      const span = this.#tracer.startSpan('cache.remove', {
        kind: SpanKind.PRODUCER,
        attributes: { ...this.#removed(told), 'cache.origin': 'local' },
      })
      return new RemovalSpan(span, traces.setSpan(context.active(), span))
    })
  }

  heard(told: RemovalTold, from: string | undefined): void {
    const removal = from === undefined ? undefined : parseTraceparent(from)
    if (removal === undefined) return
    quietly(() =>
      this.#tracer
        .startSpan('cache.remove', {
          root: true,
          kind: SpanKind.CONSUMER,
          links: [{ context: removal }],
          attributes: { ...this.#removed(told), 'cache.origin': 'bus' },
        })
        .end(),
    )
  }

  current(): string | undefined {
    const span = traces.getSpanContext(context.active())
    return span && sampled(span) ? formatTraceparent(span) : undefined
  }

  /** Not in a trace that is known to be left out, and drawn. */
  #wanted(active: Context): boolean {
    const span = traces.getSpanContext(active)
    if (span && !sampled(span)) return false
    return this.#share >= 1 || Math.random() < this.#share
  }

  #own(definition: string, key: () => string): Attributes {
    const own: Attributes = { 'cache.namespace': this.#namespace, 'cache.definition': definition }
    if (this.#keys === 'plain') own['cache.key'] = key()
    else if (this.#keys === 'hidden') own['cache.key'] = hiddenKey(key())
    return own
  }

  #removed({ kind, names, soft }: RemovalTold): Attributes {
    return {
      'cache.namespace': this.#namespace,
      'cache.operation': 'remove',
      'cache.removal.kind': kind,
      'cache.removal.names': names,
      'cache.removal.soft': soft,
    }
  }
}

function sampled(span: SpanContext): boolean {
  return (span.traceFlags & TraceFlags.SAMPLED) !== 0
}

/** What a span processor throws must not reach a reader. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

class Work {
  readonly span: Span
  readonly context: Context

  constructor(span: Span, own: Context) {
    this.span = span
    this.context = own
  }

  within<T>(work: () => T): T {
    return context.with(this.context, work)
  }

  fail(error: unknown): void {
    quietly(() => {
      const told = error instanceof Error ? error : String(error)
      this.span.recordException(told)
      this.span.setStatus({
        code: SpanStatusCode.ERROR,
        message: error instanceof Error ? error.message : String(error),
      })
      this.span.end()
    })
  }

  protected close(attributes: Attributes): void {
    quietly(() => this.span.setAttributes(attributes).end())
  }
}

class ReadSpan extends Work implements TracedRead {
  tier(name: string, outcome: string, ms: number): void {
    quietly(() =>
      this.span.addEvent('tier', { 'cache.tier': name, 'cache.outcome': outcome, 'cache.duration_ms': ms }),
    )
  }

  waited(ms: number): void {
    quietly(() => this.span.addEvent('lease wait', { 'cache.duration_ms': ms }))
  }

  joined(other: TracedRead): void {
    if (!(other instanceof ReadSpan)) return
    quietly(() => {
      this.span.setAttribute('cache.joined', true)
      this.span.addLink({
        context: other.span.spanContext(),
        attributes: { 'cache.link': 'shares its load' },
      })
    })
  }

  madeBy(load: string): void {
    const made = parseTraceparent(load)
    if (made === undefined) return
    quietly(() => this.span.addLink({ context: made, attributes: { 'cache.link': 'made by' } }))
  }

  end(state: 'fresh' | 'stale' | 'loaded' | 'nothing', tier: string | undefined): void {
    const hit = state === 'fresh' || state === 'stale'
    this.close({ 'cache.hit': hit, 'cache.state': state, ...(tier !== undefined && { 'cache.tier': tier }) })
  }
}

class LoadSpan extends Work implements TracedLoad {
  get carrier(): string | undefined {
    const span = this.span.spanContext()
    return sampled(span) ? formatTraceparent(span) : undefined
  }

  end(): void {
    this.close({})
  }
}

class RemovalSpan extends Work implements TracedRemoval {
  end({ confirmed, queued, bus }: RemovalOutcome): void {
    this.close({
      'cache.removal.confirmed': [...confirmed],
      'cache.removal.queued': [...queued],
      'cache.removal.bus': bus,
    })
  }
}
