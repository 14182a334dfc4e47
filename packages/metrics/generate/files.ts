import { dashboard } from './dashboard.ts'
import type { Exporter } from './exporter.ts'
import { ruleGroups } from './rules.ts'
import { ruleTests } from './rule-tests.ts'
import { ruleFile } from './yaml.ts'

const exporters: readonly Exporter[] = ['javascript', 'collector']

/** Every file below `monitoring/` that is made from code, by its path there. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const exporter of exporters) {
    files.set(`${exporter}/rules.yml`, ruleFile(ruleGroups(exporter)))
    files.set(`${exporter}/rules.test.yml`, ruleTests(exporter))
    files.set(`${exporter}/dashboards/tierstack.json`, `${JSON.stringify(dashboard(exporter), null, 2)}\n`)
  }
  return files
}
