import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MeterProvider } from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider as SdkMeterProvider } from '@opentelemetry/sdk-metrics'

/** A page that Prometheus scrapes, for programs without an OpenTelemetry collector. */
export interface MetricsPage {
  /** To be given to `measure`, and to whatever else of the program has metrics. */
  readonly meterProvider: MeterProvider
  /** Answers one request of `node:http` with the page. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void
  /** The page as text. */
  text(): Promise<string>
  close(): Promise<void>
}

/**
 * Makes the page `/metrics`, through OpenTelemetry's exporter for Prometheus. Opens no port of its own: route requests
 * to `answer`. Needs `@opentelemetry/sdk-metrics` and `@opentelemetry/exporter-prometheus`.
 * @example
 * const page = metricsPage()
 * measure(cache, { meterProvider: page.meterProvider })
 * createServer((request, response) => page.answer(request, response)).listen(9464)
 */
export function metricsPage(): MetricsPage {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const meterProvider = new SdkMeterProvider({ readers: [exporter] })
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    exporter.getMetricsRequestHandler(request, response)
  return {
    meterProvider,
    answer,
    text: () => pageText(answer),
    close: () => meterProvider.shutdown(),
  }
}

/** What the exporter writes, without a server in between: it knows no other way out than a response. */
function pageText(answer: MetricsPage['answer']): Promise<string> {
  return new Promise((resolve) => {
    const response = {
      statusCode: 200,
      setHeader: () => response,
      end: (text: string) => resolve(text),
    }
    answer({} as IncomingMessage, response as unknown as ServerResponse)
  })
}
