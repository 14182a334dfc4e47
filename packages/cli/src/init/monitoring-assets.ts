import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Alert and recording rules, as the metrics package has them for the page that `monitoring.ts` serves. */
export function rulesFile(): string {
  return asset('javascript/rules.yml')
}

/** The Grafana dashboard that goes with them. */
export function dashboardFile(): string {
  return asset('javascript/dashboards/tierstack.json')
}

function asset(path: string): string {
  const url = import.meta.resolve(`@tierstack/cache-metrics/monitoring/${path}`)
  return readFileSync(fileURLToPath(url), 'utf8')
}
