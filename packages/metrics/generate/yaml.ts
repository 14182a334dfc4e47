import type { RuleGroup } from './rules.ts'

/** JSON strings are YAML strings. */
const quoted = (text: string): string => JSON.stringify(text)

/** The groups as a rule file of Prometheus. */
export function ruleFile(groups: readonly RuleGroup[]): string {
  const lines = ['# Made by `pnpm generate` from generate/rules.ts.', 'groups:']
  for (const { name, rules } of groups) {
    lines.push(`  - name: ${name}`, '    rules:')
    for (const rule of rules) {
      if ('record' in rule) {
        lines.push(`      - record: ${rule.record}`, `        expr: ${quoted(rule.expr)}`)
        continue
      }
      lines.push(`      - alert: ${rule.alert}`, `        expr: ${quoted(rule.expr)}`)
      if (rule.for !== undefined) lines.push(`        for: ${rule.for}`)
      lines.push(
        '        labels:',
        `          severity: ${rule.severity}`,
        '        annotations:',
        `          summary: ${quoted(rule.summary)}`,
        `          description: ${quoted(rule.description)}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}
