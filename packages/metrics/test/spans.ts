import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { TracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace'
import type { ReadableSpan, Sampler } from '@opentelemetry/sdk-trace'

/** What tests look at in a span. */
export interface Seen {
  readonly name: string
  readonly trace: string
  readonly id: string
  readonly parent: string | undefined
  readonly links: readonly string[]
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly string[]
  readonly failed: boolean
}

/** Spans kept in memory, without any collector. */
export function spansInMemory(sampler?: Sampler) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    ...(sampler && { sampler }),
  })
  const tracer = tracerProvider.getTracer('test')
  /** Runs work in a span of the program's own. */
  const inSpan = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const span = tracer.startSpan(name)
    try {
      return await context.with(trace.setSpan(context.active(), span), work)
    } finally {
      span.end()
    }
  }
  return { tracerProvider, inSpan, take: (): Seen[] => exporter.getFinishedSpans().map(seen) }
}

function seen(span: ReadableSpan): Seen {
  const { traceId, spanId } = span.spanContext()
  return {
    name: span.name,
    trace: traceId,
    id: spanId,
    parent: span.parentSpanContext?.spanId,
    links: span.links.map(({ context }) => `${context.traceId}/${context.spanId}`),
    attributes: span.attributes,
    events: span.events.map(({ name, attributes = {} }) =>
      [name, attributes['cache.tier'], attributes['cache.outcome']].filter(Boolean).join(' '),
    ),
    failed: span.status.code === SpanStatusCode.ERROR,
  }
}

/** The only span of that name. */
export function one(spans: readonly Seen[], name: string): Seen {
  const found = spans.filter((span) => span.name === name)
  if (found.length === 1 && found[0]) return found[0]
  throw new Error(
    `expected one span \`${name}\`, got ${found.length} of ${spans.map((span) => span.name).join()}`,
  )
}
