import { readFileSync } from 'node:fs'
import { promtool } from '@tierstack/test-services'
import { describe, expect, test } from 'vitest'
import { ruleGroups } from '../../generate/rules.ts'
import { testedAlerts } from '../../generate/rule-tests.ts'

const read = (name: string): string =>
  readFileSync(new URL(`../../monitoring/${name}`, import.meta.url), 'utf8')

describe.each(['javascript', 'collector'])('the rules for the names of the %s exporter', (exporter) => {
  const files = {
    'rules.yml': read(`${exporter}/rules.yml`),
    'rules.test.yml': read(`${exporter}/rules.test.yml`),
  }

  test('are what Prometheus takes', async () => {
    expect(await promtool(['check', 'rules', 'rules.yml'], files)).toMatch(/SUCCESS: \d+ rules found/)
  })

  test('fire where they must, and only there', async () => {
    expect(await promtool(['test', 'rules', 'rules.test.yml'], files)).toMatch(/SUCCESS/)
  })
})

test('the smallest configuration is one', async () => {
  const files = {
    'prometheus.yml': read('prometheus.yml').replace('javascript/', ''),
    'rules.yml': read('javascript/rules.yml'),
  }
  expect(await promtool(['check', 'config', 'prometheus.yml'], files)).toMatch(/SUCCESS/)
})

test('every alert has a case in which it fires and one in which it does not', () => {
  const alerts = ruleGroups('javascript')
    .flatMap(({ rules }) => rules)
    .flatMap((rule) => ('alert' in rule ? [rule.alert] : []))
  const { fire, rest } = testedAlerts()
  expect(fire).toEqual(new Set(alerts))
  expect(rest).toEqual(new Set(alerts))
})
